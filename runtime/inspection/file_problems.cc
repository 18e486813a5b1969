#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oci-spec/parse.h"
#include "runtime/inspection/host_problems.h"
#include "sys/files.h"
#include "sys/paths.h"

namespace myrt::inspection {
namespace {

// The words of why `path` cannot be reached, or nothing.
std::string missing(const std::string& path) {
  const auto opened = sys::open(path, O_PATH);
  return opened.ok() ? std::string() : opened.error().message;
}

void check_rootfs(const std::string& rootfs, Remarks& remarks) {
  const auto opened = sys::open(rootfs, O_PATH | O_DIRECTORY);
  if (!opened.ok()) add_host(remarks, "/root/path", opened.error().message);
}

void check_hook_list(const std::vector<oci::Hook>& hooks, std::string_view kind, Remarks& remarks) {
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    if (!hooks[i].path.starts_with('/')) continue;  // the specification's problem, not the host's
    const std::string pointer = fmt::format("/hooks/{}/{}/path", kind, i);
    if (std::string why = missing(hooks[i].path); !why.empty()) {
      add_host(remarks, pointer, std::move(why));
    } else if (::faccessat(AT_FDCWD, hooks[i].path.c_str(), X_OK, AT_EACCESS) != 0) {
      add_host(remarks, pointer, fmt::format("`{}` is not executable", hooks[i].path));
    }
  }
}

// startContainer hooks are looked up in the container (HOK-12).
void check_hooks(const Subject& subject, Remarks& remarks) {
  const oci::Hooks& hooks = subject.spec.hooks;
  check_hook_list(hooks.prestart, "prestart", remarks);
  check_hook_list(hooks.create_runtime, "createRuntime", remarks);
  check_hook_list(hooks.create_container, "createContainer", remarks);
  check_hook_list(hooks.poststart, "poststart", remarks);
  check_hook_list(hooks.poststop, "poststop", remarks);
}

void check_bind_sources(const Subject& subject, Remarks& remarks) {
  if (!subject.plan) return;
  for (const mounts::Step& step : subject.plan->mounts.steps) {
    const auto* bind = std::get_if<mounts::BindMount>(&step.action);
    if (bind == nullptr || !bind->inside.empty()) continue;
    // The container's own cgroup is there as soon as the container is.
    if (subject.spec.mounts[step.mount_index].type.starts_with("cgroup")) continue;
    const int flags = bind->source_nofollow || bind->copy_symlink ? O_PATH | O_NOFOLLOW : O_PATH;
    const auto opened = sys::open(bind->source, flags);
    if (!opened.ok()) {
      add_host(remarks, fmt::format("/mounts/{}/source", step.mount_index), opened.error().message);
    }
  }
}

// Whether a mount of the configuration may bring the file.
bool may_be_mounted(const Subject& subject, std::string_view path) {
  for (const oci::Mount& mount : subject.spec.mounts) {
    const std::string destination = sys::clean_absolute(mount.destination);
    if (path.starts_with(destination) &&
        (path.size() == destination.size() || path[destination.size()] == '/')) {
      return true;
    }
  }
  return false;
}

bool is_executable_in(int root_fd, const std::string& path) {
  const auto opened = sys::open_in_root(root_fd, path, O_PATH);
  if (!opened.ok()) return false;
  const auto status = sys::stat_fd(opened->get());
  return status.ok() && S_ISREG(status->st_mode) && (status->st_mode & 0111U) != 0;
}

std::vector<std::string> candidates(const oci::Process& process) {
  const std::string& program = process.args.front();
  if (program.starts_with('/')) return {program};
  if (program.find('/') != std::string::npos) return {process.cwd + "/" + program};
  std::string_view search = "/bin:/usr/bin";
  for (const std::string& variable : process.env) {
    if (variable.starts_with("PATH=")) search = std::string_view(variable).substr(5);
  }
  std::vector<std::string> paths;
  while (!search.empty()) {
    const std::string_view directory = search.substr(0, search.find(':'));
    search.remove_prefix(std::min(directory.size() + 1, search.size()));
    paths.push_back(fmt::format("{}/{}", directory, program));
  }
  return paths;
}

void check_program(const Subject& subject, const std::string& rootfs, Remarks& remarks) {
  if (!subject.spec.process || subject.spec.process->args.empty()) return;
  const auto root = sys::open(rootfs, O_PATH | O_DIRECTORY);
  if (!root.ok()) return;
  for (const std::string& path : candidates(*subject.spec.process)) {
    if (may_be_mounted(subject, path) || is_executable_in(root->get(), path)) return;
  }
  add_host(remarks, "/process/args/0",
           fmt::format("`{}` is no executable file of the root filesystem",
                       subject.spec.process->args.front()));
}

void check_named_paths(const Subject& subject, Remarks& remarks) {
  if (!subject.spec.linux) return;
  const oci::Linux& section = *subject.spec.linux;
  for (std::size_t i = 0; i < section.namespaces.size(); ++i) {
    if (section.namespaces[i].path.empty()) continue;
    if (std::string why = missing(section.namespaces[i].path); !why.empty()) {
      add_host(remarks, fmt::format("/linux/namespaces/{}/path", i), std::move(why));
    }
  }
  for (const auto& [name, device] : section.net_devices) {
    if (::access(fmt::format("/sys/class/net/{}", name).c_str(), F_OK) != 0) {
      add_host(remarks, "/linux/netDevices/" + oci::pointer_token(name),
               fmt::format("this host has no network device `{}`", name));
    }
  }
  if (section.seccomp && !section.seccomp->listener_path.empty()) {
    if (std::string why = missing(section.seccomp->listener_path); !why.empty()) {
      add_host(remarks, "/linux/seccomp/listenerPath", std::move(why));
    }
  }
}

}  // namespace

void file_problems(const Subject& subject, Remarks& remarks) {
  if (subject.spec.root && !subject.spec.root->path.empty()) {
    const std::string& path = subject.spec.root->path;
    const std::string rootfs = path.starts_with('/') ? path : subject.bundle + "/" + path;
    check_rootfs(rootfs, remarks);
    check_program(subject, rootfs, remarks);
  }
  check_bind_sources(subject, remarks);
  check_hooks(subject, remarks);
  check_named_paths(subject, remarks);
}

}  // namespace myrt::inspection
