{{/* Names are fixed: one release per namespace, and instances find the operator and PostgreSQL by them. */}}
{{- define "hamlet.operator" -}}hamlet-operator{{- end }}
{{- define "hamlet.postgres" -}}hamlet-postgres{{- end }}

{{/* Roles that are not in a namespace carry the release's, so two releases never share one. */}}
{{- define "hamlet.clusterName" -}}hamlet-operator-{{ .Release.Namespace }}{{- end }}

{{- define "hamlet.selector" -}}
app.kubernetes.io/name: hamlet
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "hamlet.labels" -}}
{{ include "hamlet.selector" . }}
app.kubernetes.io/part-of: hamlet
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name (.root.Chart.Version | replace "+" "_") }}
{{- end }}

{{- define "hamlet.image" -}}
{{- $repository := required "image.repository is missing: build the Containerfile, push it where your nodes can pull it, and set that name" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "hamlet.postgresImage" -}}
{{- with .Values.postgres.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ .tag }}{{- end }}
{{- end }}
{{- end }}

{{- define "hamlet.postgresSecret" -}}
{{ .Values.postgres.existingSecret | default (include "hamlet.postgres" .) }}
{{- end }}

{{/* The namespaces with a Role for the operator, as a JSON list. */}}
{{- define "hamlet.namespaces" -}}
{{- .Values.watchNamespaces | default (list .Release.Namespace) | uniq | sortAlpha | toJson -}}
{{- end }}

{{/* Pod security "restricted". */}}
{{- define "hamlet.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .user }}
runAsGroup: {{ .user }}
fsGroup: {{ .user }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "hamlet.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* The environment of everything that runs operator.js. */}}
{{- define "hamlet.operatorEnv" -}}
- name: HAMLET_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: HAMLET_POD
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: HAMLET_POD_IP
  valueFrom: { fieldRef: { fieldPath: status.podIP } }
- name: HAMLET_LOG_LEVEL
  value: {{ .Values.logLevel }}
- name: HAMLET_WATCH_NAMESPACES
  value: {{ .Values.rbac.clusterWide | ternary "*" (include "hamlet.namespaces" . | fromJsonArray | join ",") | quote }}
- name: HAMLET_INSTANCE_IMAGE
  value: {{ .Values.instanceImage | default (include "hamlet.image" .) }}
- name: HAMLET_INSTANCE_IMAGE_PULL_POLICY
  value: {{ .Values.image.pullPolicy }}
- name: HAMLET_ROLLOUTS
  value: {{ .Values.rollouts.communities | quote }}
- name: HAMLET_WAKE_URL
  value: http://{{ include "hamlet.operator" . }}.{{ .Release.Namespace }}.svc:8080/wake
{{- if .Values.postgres.enabled }}
- name: HAMLET_POSTGRES_MODE
  value: bundled
- name: HAMLET_POSTGRES_HOST
  value: {{ include "hamlet.postgres" . }}.{{ .Release.Namespace }}.svc
- name: HAMLET_POSTGRES_PORT
  value: "5432"
- name: HAMLET_POSTGRES_SECRET
  value: {{ include "hamlet.postgresSecret" . }}
{{- else }}
- name: HAMLET_POSTGRES_MODE
  value: external
{{- with .Values.postgres.external.host }}
- name: HAMLET_POSTGRES_HOST
  value: {{ . }}
- name: HAMLET_POSTGRES_PORT
  value: {{ $.Values.postgres.external.port | quote }}
- name: HAMLET_POSTGRES_SECRET
  value: {{ required "postgres.existingSecret is missing: postgres.external.host needs a Secret with username and password" $.Values.postgres.existingSecret }}
{{- end }}
{{- end }}
{{- with .Values.tls.caSecret }}
- name: HAMLET_CA_SECRET
  value: {{ . }}
{{- end }}
{{- with .Values.ingress.className }}
- name: HAMLET_INGRESS_CLASS
  value: {{ . }}
{{- end }}
{{- with .Values.egress.allowCIDRs }}
- name: HAMLET_EGRESS_ALLOW
  value: {{ join "," . | quote }}
{{- end }}
{{- with .Values.egress.hosts }}
- name: HAMLET_EGRESS_HOSTS
  {{- $pairs := list }}
  {{- range $host, $address := . }}{{ $pairs = append $pairs (printf "%s=%s" $host $address) }}{{ end }}
  value: {{ join "," $pairs | quote }}
{{- end }}
{{- end }}
