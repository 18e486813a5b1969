// The runtime options of a container: containerd.runc.v1.Options, or the TOML of
// runtimeoptions.v1.Options, which the CRI plugin sends for a runtime type that it does not know.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shim/messages.h"
#include "sys/result.h"

namespace myrt::shim {

struct Options {
  bool no_pivot_root = false, no_new_keyring = false, systemd_cgroup = false;
  std::string shim_cgroup;
  std::uint32_t io_uid = 0, io_gid = 0;
  std::string binary_name;  // of a runtime command: myrt, or empty
  std::string root = "/run/containerd/runc";
  std::string criu_image_path, criu_work_path;
  bool operator==(const Options&) const = default;
};

// An empty Any is the defaults. Pure. Errors: invalid_argument for a type that is neither, a
// malformed message, TOML that names no option or gives it a value of another type, and a
// BinaryName that is another runtime's.
Result<Options> decode_options(const Any& any);
// TOML as far as options need it: lines of `Name = value`. Pure.
Result<Options> parse_options(std::string_view toml);
// The file that has the TOML, when runtimeoptions.v1.Options names one and has none itself. Pure.
std::string options_file(const Any& any);
// decode_options, from that file if there is one. Errors: those, and system.
Result<Options> load_options(const Any& any);

// The names of the options in TOML.
std::vector<std::string_view> option_names();

// The options in what `start` gets on stdin: an Any, or the BootstrapParams of containerd 2.3,
// whose extensions are such. Pure.
Any options_in(std::string_view start_input);

}  // namespace myrt::shim
