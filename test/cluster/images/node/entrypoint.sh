#!/bin/bash
# Starts a one-node Kubernetes in this container. What must outlive the container is under /var/lib/node, a volume.
set -eu
ip=$(hostname -i | awk '{print $1}')
data=/var/lib/node
keys=$data/keys
logs=/var/log/kube
mkdir -p $keys $data/{etcd,containerd,kubelet,volumes} $logs /etc/cni/net.d /etc/containerd /etc/kubernetes

# Pods see their volumes only when mounts spread; the kubelet wants a kernel log that containers do not get.
mount --make-rshared /
[ -e /dev/kmsg ] || ln -s /dev/null /dev/kmsg
# Addresses that the pods of the container's last start had are free again.
rm -rf /var/lib/cni

# On cgroup v2 only a group without processes of its own can hand controllers down.
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mount -o remount,rw /sys/fs/cgroup || true
  mkdir -p /sys/fs/cgroup/init
  xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/init/cgroup.procs || true
  sed -e 's/ / +/g' -e 's/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control || true
fi

# The groups of several nodes lie side by side on one machine, and a kubelet ends whatever it finds in its own: so each
# node has a group of its own, emptied of what a killed node left there.
group=/$(hostname)
clean_group() { find /sys/fs/cgroup -depth -type d -path "*$group*" -exec rmdir {} \; 2>/dev/null || true; }
clean_group
for folder in /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs; do
  [ -e "$folder" ] && mkdir -p "${folder%/cgroup.procs}$group"
done

cat >/etc/containerd/config.toml <<T
version = 2
root = "$data/containerd"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  disable_apparmor = true
  enable_unprivileged_ports = true
  sandbox_image = "localhost/pause:1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
T
cat >/etc/cni/net.d/10-bridge.conflist <<T
{"cniVersion":"0.4.0","name":"pods","plugins":[
  {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":true,"hairpinMode":true,
   "ipam":{"type":"host-local","ranges":[[{"subnet":"10.244.0.0/24"}]],"routes":[{"dst":"0.0.0.0/0"}]}},
  {"type":"portmap","capabilities":{"portMappings":true}}]}
T

# kube-proxy writes its tables one after the other. When the second write fails, what pods send to a Service would leave
# this machine until the next try half a minute later, and be answered by whoever is outside.
ip rule add pref 100 iif cni0 to 10.96.0.0/16 unreachable || true

# Pods cannot reach a resolver on the container's own loopback; with no other, names outside stay unknown.
grep -E '^nameserver' /etc/resolv.conf | grep -v ' 127\.' >/etc/kubernetes/resolv.conf ||
  echo 'nameserver 192.0.2.1' >/etc/kubernetes/resolv.conf

# certificate NAME SUBJECT EXTENSIONS: a key and a certificate signed by the cluster's own authority.
certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $keys/$1.key -subj "$2" 2>/dev/null |
    openssl x509 -req -CA $keys/ca.crt -CAkey $keys/ca.key -CAcreateserial -days 3650 -out $keys/$1.crt \
      -extfile <(echo "$3") 2>/dev/null
}
if [ ! -s $keys/kubeconfig ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=cluster \
    -keyout $keys/ca.key -out $keys/ca.crt 2>/dev/null
  openssl genrsa -out $keys/sa.key 2048 2>/dev/null
  openssl rsa -in $keys/sa.key -pubout -out $keys/sa.pub 2>/dev/null
  names=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local
  certificate server /CN=kube-apiserver "subjectAltName=$names,DNS:localhost,IP:127.0.0.1,IP:10.96.0.1"
  certificate admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth
  cat >$keys/kubeconfig <<T
apiVersion: v1
kind: Config
clusters:
  - name: hamlet
    cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: $(base64 -w0 <$keys/ca.crt)}
users:
  - name: hamlet
    user: {client-certificate-data: $(base64 -w0 <$keys/admin.crt), client-key-data: $(base64 -w0 <$keys/admin.key)}
contexts:
  - name: hamlet
    context: {cluster: hamlet, user: hamlet}
current-context: hamlet
T
fi

cat >/etc/kubernetes/kubelet.yaml <<T
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: $keys/ca.crt}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: $group
cgroupsPerQOS: true
enforceNodeAllocatable: []
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
evictionHard: {}
failSwapOn: false
imageGCHighThresholdPercent: 100
protectKernelDefaults: false
resolvConf: /etc/kubernetes/resolv.conf
syncFrequency: 10s
T

# run NAME COMMAND…: in the background, with a log of its own.
run() {
  local name=$1
  shift
  "$@" >>$logs/$name.log 2>&1 &
}
run containerd containerd
# The test cluster may lose its last seconds in a power cut; waiting for the disk costs a large part of its speed.
run etcd etcd --data-dir $data/etcd --unsafe-no-fsync \
  --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379
run apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 --advertise-address="$ip" \
  --service-cluster-ip-range=10.96.0.0/16 --kubelet-preferred-address-types=InternalIP \
  --allow-privileged --authorization-mode=Node,RBAC \
  --tls-cert-file=$keys/server.crt --tls-private-key-file=$keys/server.key --client-ca-file=$keys/ca.crt \
  --kubelet-client-certificate=$keys/admin.crt --kubelet-client-key=$keys/admin.key \
  --service-account-issuer=https://kubernetes.default.svc --service-account-key-file=$keys/sa.pub \
  --service-account-signing-key-file=$keys/sa.key
for image in /images/*.tar; do
  key=$data/containerd/.imported-$(sha256sum "$image" | cut -c1-16)
  [ -e "$key" ] && continue
  until ctr -n k8s.io images import "$image" >/dev/null 2>>$logs/images.log; do sleep 0.2; done
  touch "$key"
done
until kubectl get --raw /readyz >/dev/null 2>&1; do sleep 0.2; done
run controllers kube-controller-manager --kubeconfig=$KUBECONFIG --root-ca-file=$keys/ca.crt --leader-elect=false \
  --service-account-private-key-file=$keys/sa.key --use-service-account-credentials
run scheduler kube-scheduler --kubeconfig=$KUBECONFIG --leader-elect=false
run kubelet kubelet --kubeconfig=$KUBECONFIG --config=/etc/kubernetes/kubelet.yaml --node-ip="$ip" \
  --root-dir=$data/kubelet --hostname-override=node
run proxy kube-proxy --kubeconfig=$KUBECONFIG --proxy-mode=iptables --cluster-cidr=10.244.0.0/16 \
  --conntrack-max-per-core=0 --conntrack-min=0 --hostname-override=node
run storage storage --kubeconfig=$KUBECONFIG --root=$data/volumes
until kubectl apply --server-side --force-conflicts -f /edge.yaml >>$logs/edge.log 2>&1; do sleep 0.5; done
echo 'cluster started'

# The end of the container is the end of its pods.
finish() {
  trap - TERM INT
  kill -KILL -1 2>/dev/null || true
  for _ in 1 2 3; do clean_group; done
  exit 0
}
trap finish TERM INT
# A component that ends takes the container with it, so that the failure is seen.
wait -n
tail -n 20 $logs/*.log
exit 1
