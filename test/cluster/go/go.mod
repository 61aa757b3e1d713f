// Everything a cluster needs that Debian does not have, at versions that agree, so shared packages compile once.
// ./traefik is a copy of Traefik's module that the build makes (go-build.ts says why).
module hamlet/cluster

go 1.24.0

tool (
	github.com/traefik/traefik/v3/cmd/traefik
	helm.sh/helm/v3/cmd/helm
)

require (
	github.com/coredns/coredns v1.12.4
	github.com/traefik/traefik/v3 v3.6.7
	helm.sh/helm/v3 v3.19.5
	k8s.io/kubernetes v1.34.4
	sigs.k8s.io/sig-storage-lib-external-provisioner/v13 v13.0.0
)

replace (
	github.com/traefik/traefik/v3 => ./traefik
	github.com/abbot/go-http-auth => github.com/containous/go-http-auth v0.4.1-0.20200324110947-a37a7636d23e
	github.com/gorilla/mux => github.com/containous/mux v0.0.0-20250523120546-41b6ec3aed59
	github.com/mailgun/minheap => github.com/containous/minheap v0.0.0-20190809180810-6e71eb837595
)

replace k8s.io/api => k8s.io/api v0.34.4
replace k8s.io/apiextensions-apiserver => k8s.io/apiextensions-apiserver v0.34.4
replace k8s.io/apimachinery => k8s.io/apimachinery v0.34.4
replace k8s.io/apiserver => k8s.io/apiserver v0.34.4
replace k8s.io/cli-runtime => k8s.io/cli-runtime v0.34.4
replace k8s.io/client-go => k8s.io/client-go v0.34.4
replace k8s.io/cloud-provider => k8s.io/cloud-provider v0.34.4
replace k8s.io/cluster-bootstrap => k8s.io/cluster-bootstrap v0.34.4
replace k8s.io/code-generator => k8s.io/code-generator v0.34.4
replace k8s.io/component-base => k8s.io/component-base v0.34.4
replace k8s.io/component-helpers => k8s.io/component-helpers v0.34.4
replace k8s.io/controller-manager => k8s.io/controller-manager v0.34.4
replace k8s.io/cri-api => k8s.io/cri-api v0.34.4
replace k8s.io/cri-client => k8s.io/cri-client v0.34.4
replace k8s.io/csi-translation-lib => k8s.io/csi-translation-lib v0.34.4
replace k8s.io/dynamic-resource-allocation => k8s.io/dynamic-resource-allocation v0.34.4
replace k8s.io/endpointslice => k8s.io/endpointslice v0.34.4
replace k8s.io/externaljwt => k8s.io/externaljwt v0.34.4
replace k8s.io/kms => k8s.io/kms v0.34.4
replace k8s.io/kube-aggregator => k8s.io/kube-aggregator v0.34.4
replace k8s.io/kube-controller-manager => k8s.io/kube-controller-manager v0.34.4
replace k8s.io/kube-proxy => k8s.io/kube-proxy v0.34.4
replace k8s.io/kube-scheduler => k8s.io/kube-scheduler v0.34.4
replace k8s.io/kubectl => k8s.io/kubectl v0.34.4
replace k8s.io/kubelet => k8s.io/kubelet v0.34.4
replace k8s.io/metrics => k8s.io/metrics v0.34.4
replace k8s.io/mount-utils => k8s.io/mount-utils v0.34.4
replace k8s.io/pod-security-admission => k8s.io/pod-security-admission v0.34.4
replace k8s.io/sample-apiserver => k8s.io/sample-apiserver v0.34.4
replace k8s.io/sample-cli-plugin => k8s.io/sample-cli-plugin v0.34.4
replace k8s.io/sample-controller => k8s.io/sample-controller v0.34.4
