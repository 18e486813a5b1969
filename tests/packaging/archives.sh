#!/bin/bash
# The packages for other systems: the .tar.gz, whose program runs where there is nothing else, and
# the .rpm, which has the files of the .deb but for Debian's own. Needs root.
#   PACKAGES   where they are (default: $BUILD/packages)
set -euo pipefail
cd "$(dirname "$0")/../.."
packages=$(realpath "${PACKAGES:-${BUILD:-build}/packages}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

files_of_deb() { dpkg-deb --fsys-tarfile "$1" | tar -t | sed -n 's,^\./\(.*[^/]\)$,/\1,p' | sort; }
files_of_rpm() { rpm -qp --queryformat '[%{FILEMODES:perms} %{FILENAMES}\n]' "$1" 2>/dev/null | sed -n 's/^-[^ ]* //p' | sort; }

mkdir "$work/unpacked" "$work/empty"
tar -C "$work/unpacked" -xf "$packages"/myrt-*-linux-*.tar.gz
program=$(find "$work/unpacked" -path '*/bin/myrt' -type f)
[ -x "$program" ]
cp "$program" "$work/empty/myrt"
chroot "$work/empty" /myrt --version | grep >/dev/null '^myrt version'
[ "$(chroot "$work/empty" /myrt spec --help | head -1)" != '' ]
echo 'ok the program of the .tar.gz runs in an empty root'

rpm -K --nosignature "$packages"/myrt-[0-9]*.rpm >/dev/null
files_of_deb "$packages"/myrt_*.deb >"$work/deb"
files_of_rpm "$packages"/myrt-[0-9]*.rpm >"$work/rpm"
diff "$work/deb" "$work/rpm"
grep -qx /usr/bin/myrt "$work/rpm"
echo "ok the .rpm has the $(wc -l <"$work/rpm") files of the .deb"
[ -z "$(rpm -qp --requires "$packages"/myrt-[0-9]*.rpm 2>/dev/null | grep -v '^rpmlib(')" ]
echo 'ok the .rpm requires nothing'
[ "$(rpm -qp --configfiles "$packages"/myrt-[0-9]*.rpm 2>/dev/null)" = /etc/containers/containers.conf.d/myrt.conf ]
echo 'ok its configuration is kept when it is changed'

# In a root of its own: Debian's rpm has to be asked twice.
root=$work/rpm-root
mkdir "$root"
in_rpm_root() { rpm --root "$root" --force-debian "$@" 2>&1 | tee -a "$work/rpm-log"; }
in_rpm_root --nosignature -i "$packages"/myrt-[0-9]*.rpm
chroot "$root" /usr/bin/myrt --version | grep >/dev/null '^myrt version'
in_rpm_root -V myrt
in_rpm_root -e myrt
[ -z "$(find "$root" ! -type d ! -path '*/lib/rpm/*' ! -path '*/lib/sysimage/*')" ] && ! rpm --root "$root" -q myrt >/dev/null
echo 'ok the .rpm can be installed, verified, run and erased'
