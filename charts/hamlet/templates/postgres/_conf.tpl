{{/* The chart's postgresql.conf, as a map, so that postgres.settings can win. */}}
{{- define "hamlet.postgresSettings" -}}
listen_addresses: "*"
port: 5432
password_encryption: scram-sha-256
# 8 for each instance: 4 on its own database, 4 on the directory. 20 for the operator and for people,
# 3 that stay reserved for superusers. The operator counts in the same way when it places an instance.
max_connections: {{ add (mul (int .Values.postgres.instances) 8) 23 }}
superuser_reserved_connections: 3
# Small databases on a small pod.
shared_buffers: 64MB
effective_cache_size: 256MB
work_mem: 2MB
maintenance_work_mem: 32MB
huge_pages: "off"
jit: "off"
max_parallel_workers_per_gather: 0
# New databases are copied through the log.
max_wal_size: 512MB
wal_compression: "on"
logging_collector: "off"
log_checkpoints: "off"
log_destination: stderr
log_min_duration_statement: 1s
# Posts, password hashes and keys travel as parameters, and stand in the details of errors: none of them is logged.
log_parameter_max_length: 0
log_error_verbosity: terse
log_line_prefix: "%m [%p] %u@%d "
log_timezone: UTC
timezone: UTC
{{- end }}

{{/* What the ConfigMap holds. */}}
{{- define "hamlet.postgresFiles" -}}
start.sh: |
  {{- .Files.Get "files/postgres/start.sh" | trim | nindent 2 }}
ready.sh: |
  {{- .Files.Get "files/postgres/ready.sh" | trim | nindent 2 }}
pg_hba.conf: |
  {{- .Files.Get "files/postgres/pg_hba.conf" | trim | nindent 2 }}
postgresql.conf: |
  {{- $settings := mergeOverwrite (include "hamlet.postgresSettings" . | fromYaml) .Values.postgres.settings }}
  {{- range $name, $value := $settings }}
  {{ $name }} = '{{ $value | toString | replace "'" "''" }}'
  {{- end }}
{{- end }}
