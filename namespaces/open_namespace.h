// Namespace files: opening those of a process, and asking what kind of namespace an fd is.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "oci-spec/spec_linux.h"
#include "sys/procfs.h"
#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::namespaces {

// The CLONE_NEW* flag of the namespace behind `fd` (NS_GET_NSTYPE, ioctl_ns(2)); nullopt when it is
// no namespace.
std::optional<std::uint64_t> namespace_flag(int fd);

// The namespace behind /proc/`process`/ns/`link`, open for setns(2). Goes through a magic link of
// procfs on purpose: these files are nothing else. The directory is resolved by `procfs`, which
// refuses anything mounted over it, and what opens must be a namespace with that CLONE_NEW* `flag`.
// `process` is "self" or a pid. Errors: system; internal when it is not such a namespace.
Result<sys::UniqueFd> open_namespace_link(const sys::Procfs& procfs, const std::string& process,
                                          const std::string& link, std::uint64_t flag);

// The namespace of a process that this process may inspect.
Result<sys::UniqueFd> open_namespace(const sys::Procfs& procfs, pid_t pid, oci::NamespaceType type);
// The same for the calling process, in whatever pid namespace it is.
Result<sys::UniqueFd> open_own_namespace(const sys::Procfs& procfs, oci::NamespaceType type);

}  // namespace myrt::namespaces
