{{/*
What the operator may do where Communities live. No list or watch on Secrets: it reads those it made, and those a
Community names, one by one. Kubernetes cannot restrict `create` to names, nor `get` to names not known in advance.
*/}}
{{- define "hamlet.communityRules" -}}
- apiGroups: [hamlet.coop]
  resources: [communities]
  verbs: [get, list, watch, update, patch]
- apiGroups: [hamlet.coop]
  resources: [instances, rebalances]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [hamlet.coop]
  resources: [communities/status, instances/status, rebalances/status, communities/finalizers, instances/finalizers]
  verbs: [get, update, patch]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [ingresses, networkpolicies]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, update, patch, delete]
# Why a pod is pending is copied to the Community's status; some of it is only in Events.
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
- apiGroups: ["", events.k8s.io]
  resources: [events]
  verbs: [get, list, create, patch]
{{- end }}
