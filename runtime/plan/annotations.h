// The annotations of crun's that change what a container is: which of them count here, and which
// are refused, since a container without what they ask for would not be the one that was asked for.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sys/result.h"

namespace myrt::plan {

// Files on the host that the hooks' output is appended to.
inline constexpr std::string_view kHooksStdout = "run.oci.hooks.stdout";
inline constexpr std::string_view kHooksStderr = "run.oci.hooks.stderr";
// Present with any value: the process keeps the supplementary groups of the runtime's caller.
inline constexpr std::string_view kKeepOriginalGroups = "run.oci.keep_original_groups";
// A unix socket that gets a pidfd of init, as --pidfd-socket.
inline constexpr std::string_view kPidfdReceiver = "run.oci.pidfd_receiver";

// The value; empty when there is none.
std::string annotation(const std::map<std::string, std::string>& annotations,
                       std::string_view name);

// Pure. Errors: unsupported, with the pointer, for what is known and not built; invalid_config for
// a value that cannot be. Unknown ones are nobody's business (ANN-02).
Result<> check_annotations(const std::map<std::string, std::string>& annotations);

// Those that reach beyond the container: potentiallyUnsafeConfigAnnotations of the features
// document.
std::vector<std::string> unsafe_annotations();

}  // namespace myrt::plan
