// The runtime options of a container: containerd.runc.v1.Options, or the TOML of
// runtimeoptions.v1.Options, which the CRI plugin sends for a runtime type that it does not know.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shim/messages.h"
#include "sys/result.h"

namespace myrt::shim {

struct Options {
  bool no_pivot_root = false, no_new_keyring = false, systemd_cgroup = false;
  std::string shim_cgroup;
  std::uint32_t io_uid = 0, io_gid = 0;
  std::string binary_name;  // of a runtime command: there is none here
  std::string root = "/run/containerd/runc";
  std::string criu_image_path, criu_work_path;
  bool operator==(const Options&) const = default;
};

// An empty Any is the defaults. Pure. Errors: invalid_argument for a type that is neither, a
// malformed message, and TOML that names no option or gives it a value of another type.
Result<Options> decode_options(const Any& any);
// The shim_cgroup option in what `start` gets on stdin: an Any of options, or the BootstrapParams
// of containerd 2.3. Pure.
std::string shim_cgroup(std::string_view input);

}  // namespace myrt::shim
