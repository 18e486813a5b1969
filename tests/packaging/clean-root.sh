#!/bin/bash
# The packages as a new user meets them: installed by apt in a clean Debian 12, used as README and
# manual pages say, and purged. Needs root and a Debian mirror.
#   PACKAGES   where the .deb files are (default: $BUILD/packages)
#   MIRROR     default: the first one of this host
set -euo pipefail
cd "$(dirname "$0")/../.."
packages=$(realpath "${PACKAGES:-${BUILD:-build}/packages}")
mirror=${MIRROR:-$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m1 '/debian/*$')}
if [ "${1:-}" != inside ]; then
  exec tests/integration/in-private auto bash "$0" inside
fi
work=$(mktemp -d)
root=$work/root
trap 'umount -R -l "$root" 2>/dev/null || :; rm -rf --one-file-system "$work"' EXIT

# An old snapshot of the archive is as good here.
mmdebstrap --quiet --mode=root --variant=apt --aptopt='APT::Install-Recommends "false"' \
  --aptopt='Acquire::Check-Valid-Until "false"' --include=mount --skip=cleanup/apt/lists \
  --dpkgopt=force-unsafe-io bookworm "$root" "deb $mirror bookworm main" 2>"$work/log" || {
  cat "$work/log" >&2
  exit 1
}
# pivot_root wants a mount point.
mount --bind "$root" "$root"
mount --rbind /proc "$root/proc"
mount --rbind /sys "$root/sys"
mount -t tmpfs tmpfs "$root/run"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$packages"/*.deb "$root/root/"

# in_root TEXT: what a user types, shown with what comes of it.
in_root() {
  echo "# $1"
  # Not chroot: a process that joins a mount namespace gets that namespace's root.
  unshare --mount --propagation private sh -c 'cd "$0" && pivot_root . . && umount -l . && cd / && exec "$@"' "$root" \
    /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive bash -ec "$1"
}
files() { (cd "$root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./run -o -path ./root -o -path ./tmp -o -path ./var/cache \
  -o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path ./var/log \) -prune -o -print | sort); }

in_root 'apt-get install -qq -y busybox-static man-db jq >/dev/null'
files >"$work/before"
in_root 'apt-get install -qq -y /root/myrt_*.deb >/dev/null && dpkg -s myrt | grep ^Status'
in_root 'myrt --version'
in_root 'man myrt | head -5 && man myrt-run | grep -A1 "^NAME" && man 7 myrt-errors | grep -A1 "^NAME"'
in_root 'myrt doctor || :'
in_root 'mkdir -p bundle/rootfs/bin && cd bundle && cp /bin/busybox rootfs/bin/ && rootfs/bin/busybox --install rootfs/bin && myrt spec && myrt validate'
in_root 'cd bundle && jq ".process.terminal = false | .process.args = [\"sh\", \"-c\", \"echo hello from \$(hostname)\"]" config.json >c && mv c config.json && myrt run try'
in_root 'cd bundle && jq ".process.args = [\"sleep\", \"1000\"]" config.json >c && mv c config.json && myrt create web1 </dev/null >/dev/null 2>&1 && myrt start web1 && myrt list && myrt exec web1 ps && myrt effective --diff web1 && myrt metrics web1 | head -4'
in_root 'myrt kill web1 KILL && while [ "$(myrt state web1 | jq -r .status)" != stopped ]; do sleep 0.1; done && myrt delete web1 && myrt list'
in_root 'myrt lits || echo "exit status $?"'
in_root 'mv bundle /root/ && apt-get purge -qq -y myrt >/dev/null'
files >"$work/after"
diff "$work/before" "$work/after" && echo 'purge leaves nothing behind'

in_root 'apt-get install -qq -y g++ pkgconf /root/libmyrt-dev_*.deb >/dev/null'
cp tests/packaging/client.cc "$root/root/"
in_root 'cd /root && g++ -std=c++20 client.cc -o client $(pkg-config --cflags --libs myrt)'
in_root 'cd /root/bundle && ../client </dev/null'
