{{/* Short enough that `<name>-bootstrap` is a name of Kubernetes, with 63 characters at most. */}}
{{- define "ingest-image.name" -}}
{{- $name := .Release.Name }}
{{- if not (contains .Chart.Name $name) }}{{ $name = printf "%s-%s" $name .Chart.Name }}{{ end }}
{{- $name | trunc 53 | trimSuffix "-" }}
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

{{/* On which machines the pods of a part run; the part's own values are given. */}}
{{- define "ingest-image.placement" -}}
{{- range $name := list "nodeSelector" "tolerations" "affinity" }}
{{- with get $ $name }}
{{ $name }}: {{- toYaml . | nindent 2 }}
{{- end }}
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

{{/* What the chart itself tells the service. */}}
{{- define "ingest-image.service-env" -}}
{{- $s := .Values.service }}
{{- $m := $s.memory }}
- {name: IMAGE_HOST, value: 0.0.0.0}
- {name: IMAGE_PORT, value: "8090"}
- {name: IMAGE_HEALTH_PORT, value: "8093"}
- {name: IMAGE_WORKERS, value: {{ $s.workers | quote }}}
- {name: IMAGE_RECOGNIZERS, value: {{ $s.recognizers | quote }}}
- {name: IMAGE_WORKER_MEMORY, value: {{ mul $m.worker 1048576 | quote }}}
- {name: IMAGE_RECOGNIZER_MEMORY, value: {{ mul $m.recognizer 1048576 | quote }}}
- {name: IMAGE_MAX_HELD_BYTES, value: {{ mul $m.held 1048576 | quote }}}
- {name: IMAGE_QUEUE_SIZE, value: {{ $s.queueSize | quote }}}
- {name: IMAGE_PICTURE_TIMEOUT, value: {{ $s.pictureTimeout | quote }}}
- {name: IMAGE_EMBEDDER, value: {{ $s.embedder | quote }}}
- {name: IMAGE_LOG_LEVEL, value: {{ $s.logLevel | quote }}}
- {name: IMAGE_KNOWN_AS, value: {{ include "ingest-image.known-as" . | quote }}}
- name: IMAGE_TOKEN
  valueFrom: {secretKeyRef: {name: {{ include "ingest-image.secret" . }}, key: token}}
- name: IMAGE_PREVIOUS_TOKEN
  valueFrom: {secretKeyRef: {name: {{ include "ingest-image.secret" . }}, key: previous-token, optional: true}}
- {name: TMPDIR, value: /tmp}
{{- end }}
