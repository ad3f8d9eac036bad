{{- define "ingest-image.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name }}{{ end }}
{{- end }}

{{/* What selects the pods of a part: (list . "service"). */}}
{{- define "ingest-image.selector" -}}
app.kubernetes.io/name: {{ (index . 0).Chart.Name }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "ingest-image.labels" -}}
{{ include "ingest-image.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ (index . 0).Chart.Name }}-{{ (index . 0).Chart.Version }}
{{- end }}

{{- define "ingest-image.image" -}}
{{- with .Values.image -}}
{{ required "set image.repository: where the image of docker/service/Dockerfile was pushed" .repository }}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "ingest-image.secret" -}}
{{- .Values.token.existingSecret | default (printf "%s-token" (include "ingest-image.name" .)) }}
{{- end }}

{{/* No root, nothing to write to but volumes, no capability, no way to get one, no access to Kubernetes. */}}
{{- define "ingest-image.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- end }}

{{- define "ingest-image.container" -}}
image: {{ include "ingest-image.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* How enricher, gallery and bootstrap reach Elasticsearch. */}}
{{- define "ingest-image.client-env" -}}
- {name: ELASTICSEARCH_URL, value: {{ .Values.elasticsearch.url | quote }}}
{{- with .Values.elasticsearch.existingSecret }}
- name: ELASTICSEARCH_API_KEY
  valueFrom: {secretKeyRef: {name: {{ . }}, key: api-key, optional: true}}
- name: ELASTICSEARCH_USERNAME
  valueFrom: {secretKeyRef: {name: {{ . }}, key: username, optional: true}}
- name: ELASTICSEARCH_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ . }}, key: password, optional: true}}
{{- end }}
{{- if .Values.elasticsearch.caSecret }}
- {name: ELASTICSEARCH_CA_CERTS, value: /etc/elasticsearch/ca.crt}
{{- end }}
{{- end }}

{{- define "ingest-image.client-mounts" -}}
- {name: temporary, mountPath: /tmp}
{{- if .Values.elasticsearch.caSecret }}
- {name: elasticsearch-ca, mountPath: /etc/elasticsearch, readOnly: true}
{{- end }}
{{- end }}

{{- define "ingest-image.client-volumes" -}}
- name: temporary
  emptyDir: {sizeLimit: 256Mi}
{{- with .Values.elasticsearch.caSecret }}
- name: elasticsearch-ca
  secret:
    secretName: {{ . }}
    items: [{key: ca.crt, path: ca.crt}]
{{- end }}
{{- end }}

{{/* Names of the headless Service, as Elasticsearch may be told them. */}}
{{- define "ingest-image.known-as" -}}
{{- $name := include "ingest-image.name" . }}
{{- $names := list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) }}
{{- $names = append $names (printf "%s.%s.svc.cluster.local" $name .Release.Namespace) }}
{{- $origins := list }}
{{- range $names }}{{ $origins = append $origins (printf "http://%s:8090" .) }}{{ end }}
{{- concat $origins .Values.service.knownAs | join ", " }}
{{- end }}

{{/* Of the service's container. 256 MiB: the web process with its libraries, and the template of the workers. */}}
{{- define "ingest-image.memory" -}}
{{- with .Values.service }}
{{- $workers := mul .workers .memory.worker }}
{{- $recognizers := mul .recognizers .memory.recognizer }}
{{- add $workers $recognizers .memory.held .memory.temporary 256 }}Mi
{{- end }}
{{- end }}
