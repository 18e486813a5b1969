#!/bin/bash
# Run inside the machine as root: controllers that need a module of the kernel, which a test may load
# here only.
source "$(dirname "$0")/machine.sh"
resources() { edit '.linux.resources = $r' --argjson r "$1"; }
value() { cat "$(cgroup_dir)/$1"; }

bfq() {
  must modprobe bfq
  must sh -c 'echo bfq >/sys/block/vda/queue/scheduler'
  local disk
  disk=$(cat /sys/block/vda/dev)
  new_bundle
  resources "$(jq -n --argjson a "${disk%:*}" --argjson i "${disk#*:}" '{blockIO: {weight: 500, weightDevice: [{major: $a, minor: $i, weight: 300}]}}')"
  run_detached
  same "$(value io.bfq.weight)" "default 500
$disk 300"
  must runtime update --blkio-weight 200 "$id"
  contains "$(value io.bfq.weight)" 'default 200'
}

# It stays until the machine is thrown away: a device that goes after the cgroups which had limits for it
# crashes the kernel (Linux 6.12, free_cg_rpool_locked), and nothing works right after that.
rdma_device() {
  must modprobe rdma_rxe
  must ip link add rdma-test type veth peer name rdma-peer
  must ip link set rdma-test up
  must rdma link add rxe-test type rxe netdev rdma-test
}
rdma_limits() {
  rdma_device
  new_bundle
  resources '{"rdma": {"rxe-test": {"hcaHandles": 3, "hcaObjects": 10000}}}'
  run_detached
  contains "$(value rdma.max)" 'rxe-test hca_handle=3 hca_object=10000'
  printf '{"rdma": {"rxe-test": {"hcaHandles": 5}}}' >"$bundle/update.json"
  must runtime update --resources "$bundle/update.json" "$id"
  contains "$(value rdma.max)" 'rxe-test hca_handle=5 hca_object=10000'
  must runtime events --stats "$id"
  contains "$(jq -c .data <<<"$out")" rxe-test
  new_bundle
  resources '{"rdma": {"no-such-device": {"hcaHandles": 3}}}'
  refuse 'write `no-such-device hca_handle=3` to `rdma.max`: no such device'
}

# The resources of misc are those of processors that this machine has not: its file is there, and the
# kernel refuses every name.
misc() {
  needs_controller misc
  new_bundle
  resources '{"unified": {"misc.max": "sev 5"}}'
  refuse misc.max 'invalid argument'
  resources '{"unified": {"misc.max": "res_a 5"}}'
  refuse misc.max 'invalid argument'
}

pressure() {
  new_bundle
  resources '{"memory": {"limit": 67108864}}'
  run_detached
  must runtime events --stats "$id"
  local of
  for of in cpu memory blkio; do
    matches "$(jq -c ".data.$of.psi.some.total" <<<"$out")" '^[0-9]+$'
  done
}

# The weight of a number of shares: 2 to 262144 become 1 to 10000, 1024 becomes 100.
weights() {
  local shares weight
  while read -r shares weight; do
    new_bundle
    resources '{"cpu": {"shares": '"$shares"'}}'
    create
    same "$(value cpu.weight)" "$weight" "the weight of $shares shares"
  done <<<'2 1
1024 100
262144 10000'
}

it 'bfq weights, of all disks and of one [CBI-01]' bfq
it 'RDMA limits, their update and statistics [CRD-01]' rdma_limits
it 'what misc does not have is refused with the name of the file [CUN-01]' misc
it 'events --stats has the pressure of CPU, memory and IO' pressure
it 'CPU shares become weights [CCP-01]' weights
finish
