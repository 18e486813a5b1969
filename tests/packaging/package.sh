#!/bin/bash
# The Debian package of a release build: what is in it, what lintian says, and that manual pages and
# completions are complete and clean.
#   BUILD      a release build (default: build), whose package is built first
#   PACKAGES   instead: where packages are already
set -uo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath -m "${BUILD:-build}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    echo "ok $name"
  else
    echo "not ok $name"
    sed 's/^/    /' "$work/log"
    failed=1
  fi
}

build_package() {
  if [ -n "${PACKAGES:-}" ]; then
    mkdir "$work/packages"
    cp "$PACKAGES"/myrt_*.deb "$work/packages" && dpkg-deb -x "$work"/packages/myrt_*.deb "$work/root"
    return
  fi
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CMakeLists.txt)
  export SOURCE_DATE_EPOCH
  cmake -S . -B "$build" -DCMAKE_INSTALL_PREFIX=/usr &&
    cmake --build "$build" --target myrt containerd-shim-myrt-v2 manual &&
    (cd "$build" && cpack -G DEB -B "$work/packages") &&
    dpkg-deb -x "$work"/packages/myrt_*.deb "$work/root"
}

has_files() {
  local file missing=0
  for file in usr/bin/myrt usr/bin/containerd-shim-myrt-v2 usr/share/man/man1/myrt.1.gz usr/share/man/man7/myrt-errors.7.gz \
    usr/share/man/man7/myrt-conformance.7.gz usr/share/man/man8/containerd-shim-myrt-v2.8.gz usr/share/bash-completion/completions/myrt \
    usr/share/zsh/vendor-completions/_myrt usr/share/fish/vendor_completions.d/myrt.fish \
    usr/share/doc/myrt/copyright usr/share/doc/myrt/changelog.Debian.gz \
    etc/containers/containers.conf.d/myrt.conf \
    usr/share/doc/myrt/examples/{containerd-config.toml,docker-daemon.json,crio-myrt.conf,kubernetes-runtimeclass.yaml}; do
    [ -s "$work/root/$file" ] || { echo "no $file" && missing=1; }
  done
  return $missing
}

small_and_static() {
  local program
  for program in "$work"/root/usr/bin/{myrt,containerd-shim-myrt-v2}; do
    ! readelf -d "$program" | grep NEEDED && [ "$(stat -c %s "$program")" -lt 3000000 ] || return 1
  done
}
no_build_paths() { ! grep -aF "$PWD" "$work"/root/usr/bin/{myrt,containerd-shim-myrt-v2}; }

commands() { "$work/root/usr/bin/myrt" --help | sed -n '/^COMMANDS:/,/^$/s/^   \([a-z]*\) .*/\1/p'; }
options_of() { "$work/root/usr/bin/myrt" "$1" --help | grep -oE '^ +--[a-z0-9-]+' | tr -d ' '; }

# What --help says stands in the manual, as man(1) shows it.
every_option_has_a_place() {
  local command option page missing=0
  for command in $(commands); do
    page=$(man -l "$work/root/usr/share/man/man1/myrt-$command.1.gz" | col -b) || return 1
    for option in $(options_of "$command"); do
      grep -q -e "$option" <<<"$page" || { echo "$command: no $option in its page" && missing=1; }
    done
  done
  return $missing
}

clean_pages() {
  local page text status=0
  for page in "$work"/root/usr/share/man/man*/*.gz; do
    text=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
    [ -z "$text" ] || { echo "$page: $text" && status=1; }
    gzip -dc "$page" | mandoc -Tlint -Wwarning || status=1
  done
  return $status
}

# complete WORD...: what bash offers for the last word.
complete_bash() {
  bash -c '
    cd "$1"
    PATH=$1/usr/bin:$PATH
    source usr/share/bash-completion/completions/myrt
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _myrt
    printf "%s\n" "${COMPREPLY[@]}"' bash "$work/root" "$@"
}

bash_completes() {
  local command option
  for command in $(commands); do
    complete_bash myrt "$command" | grep -x "$command" >/dev/null || { echo "no $command" && return 1; }
    for option in $(options_of "$command"); do
      complete_bash myrt "$command" "$option" | grep -x -e "$option" >/dev/null ||
        { echo "$command: no $option" && return 1; }
    done
  done
  mkdir -p "$work/state/web1" "$work/state/db"
  [ "$(complete_bash myrt --root "$work/state" state '')" = $'db\nweb1' ] &&
    [ "$(complete_bash myrt --root "$work/state" exec -t w)" = web1 ] &&
    [ -z "$(complete_bash myrt --root "$work/state" exec --user w)" ] &&
    complete_bash myrt validate us | grep -x usr >/dev/null
}

other_completions_parse() {
  zsh -n "$work/root/usr/share/zsh/vendor-completions/_myrt" &&
    fish --no-execute "$work/root/usr/share/fish/vendor_completions.d/myrt.fish"
}

complete_zsh() { # LINE
  PATH=$work/root/usr/bin:$PATH timeout 120 zsh -f tests/packaging/complete.zsh "$work/root/usr/share/zsh/vendor-completions" "$1"
}
zsh_completes() {
  [ "$(complete_zsh 'myrt vali')" = validate ] && [ "$(complete_zsh 'myrt run --bu')" = --bundle ] &&
    [ "$(complete_zsh "myrt --root $work/state state ")" = $'db\nweb1' ] &&
    [ "$(complete_zsh "myrt --root=$work/state exec -t w")" = web1 ] &&
    [ -z "$(complete_zsh "myrt --root $work/state exec --user w")" ]
}

fish_completes() {
  local offered
  offered=$(HOME=$work XDG_CONFIG_HOME=$work XDG_DATA_HOME=$work PATH=$work/root/usr/bin:$PATH fish --no-config -c "
    source $work/root/usr/share/fish/vendor_completions.d/myrt.fish
    complete -C 'myrt run --bu'
    complete -C 'myrt --root $work/state state '") || return 1
  grep -q '^--bundle' <<<"$offered" && grep -qx web1 <<<"$offered" || { echo "$offered" && return 1; }
}

lintian_is_content() {
  # As an ordinary user where there is one: lintian warns about root.
  lintian --allow-root --fail-on error --suppress-tags initial-upload-closes-no-bugs "$work"/packages/myrt_*.deb
}

check 'the package is built' build_package
check 'it has every file' has_files
check 'the program is static and small' small_and_static
check 'the program has no path of the build in it' no_build_paths
check 'lintian has no errors' lintian_is_content
check 'every option of --help is in the manual' every_option_has_a_place
check 'manual pages are clean for man and mandoc' clean_pages
check 'bash completes commands, options, ids and files' bash_completes
check 'zsh and fish can read their completions' other_completions_parse
check 'zsh completes commands, options and ids' zsh_completes
check 'fish completes options and ids' fish_completes
exit $failed
