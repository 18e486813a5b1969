// SHA-256 (FIPS 180-4), for the name of a shim's socket: containerd's shims are found by a hash of
// what they serve, since a path of that length would not fit a unix address. Pure.
#pragma once

#include <string>
#include <string_view>

namespace myrt::shim {

std::string sha256_hex(std::string_view bytes);

}  // namespace myrt::shim
