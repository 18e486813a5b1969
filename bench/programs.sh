# The programs of this folder, compiled into $out. Sourced, from the top of the project.

compile() { # NAME FLAG...: bench/NAME.cc, when it is newer than what is there
  local name=$1
  shift
  [ "$out/$name" -nt "bench/$name.cc" ] ||
    "${CXX:-g++}" -std=c++20 -O2 -Wall -Wextra -Wpedantic "bench/$name.cc" -o "$out/$name" "$@"
}

compile_payload() {
  compile payload -ffreestanding -fno-stack-protector -fcf-protection=none \
    -fno-asynchronous-unwind-tables -nostdlib -static -Wl,--build-id=none
}

compile_seccomp_profile() { # and the names that it allows
  compile seccomp_profile -lseccomp
  "$out/seccomp_profile" names >"$out/seccomp-names"
}
