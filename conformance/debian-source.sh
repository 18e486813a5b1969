# The functions of a script that takes a Debian source package as its material. Sourced.

debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The mirror that apt uses here.
debian_mirror() {
  local mirror
  # shellcheck disable=SC2016  # apt expands them
  mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 2>/dev/null |
    sed -n 's,^Debian \([^ ]*[^/]\)/*$,\1,p' | head -n 1)
  [ -n "$mirror" ] || {
    echo "${0##*/}: apt has no Debian mirror to take the suite from" >&2
    return 1
  }
  echo "$mirror"
}

# private_apt WORK ARGUMENT...: apt-get with a source line and an index of our own. The machine's
# own package lists are neither changed nor refreshed.
private_apt() {
  local work=$1
  shift
  apt-get -o Dir::Etc::SourceList="$work/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$work/apt/lists" -o Dir::Cache="$work/apt/cache" -o APT::Sandbox::User=root "$@"
}

# download_source WORK PACKAGE RELEASE: the files of the source package, checked against the
# release's signed index. Not the .dsc file, which repeats the index: mirrors exist that keep the
# archives and not it. The version goes to WORK/version.
download_source() {
  local work=$1 package=$2 release=$3 uri file hash mirror
  rm -rf "$work/apt" "$work/download"
  mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/download"
  mirror=$(debian_mirror) || return 1
  echo "deb-src [signed-by=$debian_keyring] $mirror $release main" >"$work/apt/sources.list"
  private_apt "$work" -qq update || return 1
  private_apt "$work" -qq --print-uris source "$package" >"$work/download/uris" || return 1
  while read -r uri file _ hash; do
    case $file in *.dsc) basename "$file" .dsc >"$work/version" && continue ;; esac
    uri=${uri//"'"/}
    /usr/lib/apt/apt-helper download-file "$uri" "$work/download/$file" "$hash" || return 1
  done <"$work/download/uris"
}

# unpack_source WORK: the upstream tree with Debian's patches, in WORK/source.
unpack_source() {
  local work=$1 patch
  rm -rf "$work/source"
  mkdir "$work/source"
  tar -C "$work/source" --strip-components=1 -xf "$work"/download/*.orig.tar.* || return 1
  tar -C "$work/source" -xf "$work"/download/*.debian.tar.* || return 1
  while read -r patch _; do
    case $patch in '' | '#'*) continue ;; esac
    patch --quiet --directory="$work/source" -p1 <"$work/source/debian/patches/$patch" || return 1
  done < <(cat "$work/source/debian/patches/series" 2>/dev/null)
}

# get_source WORK PACKAGE RELEASE...: leaves the source package of the first release that has it in
# WORK/source.
get_source() {
  local work=$1 package=$2 release
  shift 2
  for release in "$@"; do
    if download_source "$work" "$package" "$release" >"$work/download-$release.log" 2>&1 &&
      unpack_source "$work"; then return; fi
    echo "${0##*/}: the archive does not have the source package of $release" >&2
  done
  echo "${0##*/}: no source package, see $work/download-*.log" >&2
  return 1
}
