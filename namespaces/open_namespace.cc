#include "namespaces/open_namespace.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>

#include "namespaces/namespace_type.h"
#include "sys/files.h"

namespace myrt::namespaces {

std::optional<std::uint64_t> namespace_flag(int fd) {
  const int flag = ::ioctl(fd, NS_GET_NSTYPE);
  if (flag < 0) return std::nullopt;
  return static_cast<std::uint64_t>(flag);
}

Result<sys::UniqueFd> open_namespace_link(const sys::Procfs& procfs, const std::string& process,
                                          const std::string& link, std::uint64_t flag) {
  const sys::UniqueFd directory = TRY(procfs.open_at(process + "/ns", O_PATH | O_DIRECTORY));
  // Procfs::open_at would refuse the link itself.
  sys::UniqueFd opened = TRY(sys::open_at(directory.get(), link, O_RDONLY)
                                 .context(fmt::format("namespace of process `{}`", process)));
  const int type = ::ioctl(opened.get(), NS_GET_NSTYPE);
  if (type < 0) {
    return errno_error("ioctl", fmt::format("ask for the type of `/proc/{}/ns/{}`", process, link));
  }
  if (static_cast<std::uint64_t>(type) != flag) {
    return make_error(ErrorCode::internal,
                      fmt::format("`/proc/{}/ns/{}` is not such a namespace", process, link));
  }
  return opened;
}

Result<sys::UniqueFd> open_namespace(const sys::Procfs& procfs, pid_t pid,
                                     oci::NamespaceType type) {
  return open_namespace_link(procfs, std::to_string(pid), std::string(proc_name(type)),
                             clone_flag(type));
}

Result<sys::UniqueFd> open_own_namespace(const sys::Procfs& procfs, oci::NamespaceType type) {
  return open_namespace_link(procfs, "self", std::string(proc_name(type)), clone_flag(type));
}

}  // namespace myrt::namespaces
