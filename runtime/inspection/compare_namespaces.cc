#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>

#include "namespaces/namespace_type.h"
#include "namespaces/open_namespace.h"
#include "namespaces/sysctl.h"
#include "oci-spec/parse.h"
#include "runtime/inspection/comparison.h"
#include "sys/files.h"
#include "sys/process.h"

namespace myrt::inspection {
namespace {

using oci::NamespaceType;

Result<std::string> namespace_at(const std::string& path, NamespaceType type) {
  const sys::UniqueFd fd = TRY(sys::open(path, O_RDONLY));
  const auto status = TRY(sys::stat_fd(fd.get()));
  return fmt::format("{}:[{}]", namespaces::proc_name(type), status.st_ino);
}

std::string pointer_of(const Original& original, NamespaceType type) {
  const auto& entries = original.spec.linux->namespaces;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].type == type) return fmt::format("/linux/namespaces/{}", i);
  }
  return "/linux/namespaces";
}

std::string path_of(const Original& original, NamespaceType type) {
  for (const oci::Namespace& entry : original.spec.linux->namespaces) {
    if (entry.type == type) return entry.path;
  }
  return {};
}

Result<> compare_namespace(const Original& original, NamespaceType type, Comparison& comparison) {
  const std::string name = fmt::format("namespaces.{}", namespaces::to_string(type));
  const std::string own = TRY(namespace_name(original.procfs, "self", type));
  const std::string its =
      TRY(namespace_name(original.procfs, std::to_string(original.found.state.pid), type));
  const std::string pointer = pointer_of(original, type);
  if (original.plan.namespaces.is_new(type)) {
    comparison.add(name, pointer, "new", its == own ? "the runtime's" : "new");
  } else if (original.plan.namespaces.joins_existing(type)) {
    const auto joined = namespace_at(path_of(original, type), type);
    if (joined.ok()) {
      comparison.add(name, pointer, *joined, its);
    } else {
      comparison.unknown(name, pointer, path_of(original, type));
    }
  } else {
    comparison.add(name, pointer, "the runtime's", its == own ? "the runtime's" : its);
  }
  return {};
}

std::string map_text(const std::vector<oci::IdMapping>& mappings) {
  std::string text;
  for (const oci::IdMapping& mapping : mappings) {
    text += fmt::format("{}{} {} {}", text.empty() ? "" : "; ", mapping.container_id,
                        mapping.host_id, mapping.size);
  }
  return text;
}

// The kernel pads the numbers of /proc/PID/uid_map.
std::string squeezed(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t';
    if (c == '\n') {
      result += "; ";
    } else if (!blank) {
      result += c;
    } else if (!result.empty() && result.back() != ' ') {
      result += ' ';
    }
  }
  while (result.ends_with("; ")) result.resize(result.size() - 2);
  return result;
}

Result<> compare_id_maps(const Original& original, Comparison& comparison) {
  const namespaces::Plan& plan = original.plan.namespaces;
  if (!plan.is_new(NamespaceType::user)) return {};
  comparison.add("uidMappings", "/linux/uidMappings", map_text(plan.uid_mappings),
                 squeezed(TRY(original.procfs.read(original.proc("uid_map")))));
  comparison.add("gidMappings", "/linux/gidMappings", map_text(plan.gid_mappings),
                 squeezed(TRY(original.procfs.read(original.proc("gid_map")))));
  return {};
}

Result<> compare_time_offsets(const Original& original, Comparison& comparison) {
  if (original.plan.namespaces.time_offsets.empty()) return {};
  const std::string text =
      "; " + squeezed(TRY(original.procfs.read(original.proc("timens_offsets"))));
  for (const auto& [clock, offset] : original.plan.namespaces.time_offsets) {
    const std::string label = fmt::format("; {} ", clock);
    const std::size_t at = text.find(label);
    const std::string applied =
        at == std::string::npos
            ? std::string()
            : text.substr(at + label.size(), text.find(';', at + 1) - at - label.size());
    comparison.add("timeOffsets." + clock, "/linux/timeOffsets/" + oci::pointer_token(clock),
                   fmt::format("{} {}", offset.secs, offset.nanosecs), applied);
  }
  return {};
}

// --- what can only be seen from inside: the kernel answers for the caller's namespaces

struct Inside {
  std::string hostname, domainname;
  std::vector<std::string> sysctls;  // in the order of the plan; empty: cannot be read
};

std::string trimmed(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

// In a child that has entered the namespaces. Values end in NUL bytes.
std::string look_around(const Original& original) {
  utsname name = {};
  ::uname(&name);
  std::string text = name.nodename;
  text += '\0';
  text += name.domainname;
  text += '\0';
  for (const namespaces::Sysctl& sysctl : original.plan.namespaces.sysctls) {
    auto value = original.procfs.read("sys/" + sysctl.path);
    if (value.ok()) text += trimmed(std::move(value).value());
    text += '\0';
  }
  return text;
}

Result<std::string> ask_inside(const Original& original) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe2", "make a pipe");
  const sys::UniqueFd reader(ends[0]);
  sys::UniqueFd writer(ends[1]);
  constexpr std::uint64_t kAsked = CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
  const auto flags = static_cast<int>(original.found.state.namespaces & kAsked);
  auto child = TRY(sys::clone3({}));
  if (!child) {
    const bool entered = flags == 0 || ::setns(original.found.init_pidfd.get(), flags) == 0;
    const bool told = entered && sys::write_all(writer.get(), look_around(original), "pipe").ok();
    ::_exit(told ? 0 : 1);
  }
  writer.reset();
  std::string text = TRY(sys::read_all(reader.get(), "pipe"));
  const auto status = TRY(child->wait());
  if (status.shell_code() != 0)
    return make_error(ErrorCode::system, "namespaces cannot be entered");
  return text;
}

Result<Inside> look_inside(const Original& original) {
  const std::string text = TRY(ask_inside(original));
  std::vector<std::string> values;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view value = rest.substr(0, rest.find('\0'));
    values.emplace_back(value);
    rest.remove_prefix(value.size() + 1);
  }
  if (values.size() < 2) return make_error(ErrorCode::protocol, "the child said nothing");
  Inside inside{values[0], values[1], {}};
  inside.sysctls.assign(values.begin() + 2, values.end());
  return inside;
}

void compare_inside(const Original& original, Comparison& comparison) {
  const namespaces::Plan& plan = original.plan.namespaces;
  if (plan.hostname.empty() && plan.domainname.empty() && plan.sysctls.empty()) return;
  const auto inside = look_inside(original);
  const auto add = [&](const std::string& name, const std::string& pointer,
                       const std::string& asked, const std::string* applied) {
    if (applied == nullptr) {
      comparison.unknown(name, pointer, asked);
    } else {
      comparison.add(name, pointer, asked, *applied);
    }
  };
  if (!plan.hostname.empty()) {
    add("hostname", "/hostname", plan.hostname, inside.ok() ? &inside->hostname : nullptr);
  }
  if (!plan.domainname.empty()) {
    add("domainname", "/domainname", plan.domainname, inside.ok() ? &inside->domainname : nullptr);
  }
  for (std::size_t i = 0; i < plan.sysctls.size(); ++i) {
    const namespaces::Sysctl& sysctl = plan.sysctls[i];
    const bool readable = inside.ok() && i < inside->sysctls.size() &&
                          !inside->sysctls[i].empty() &&
                          namespaces::sysctl_namespace(sysctl.path) != NamespaceType::user;
    // The kernel prints lists with tabs, whatever was written.
    const std::string applied = readable ? squeezed(inside->sysctls[i]) : std::string();
    add("sysctl." + sysctl.key, "/linux/sysctl/" + oci::pointer_token(sysctl.key),
        squeezed(sysctl.value), readable ? &applied : nullptr);
  }
}

}  // namespace

Result<std::string> namespace_name(const sys::Procfs& procfs, const std::string& process,
                                   NamespaceType type) {
  const sys::UniqueFd directory = TRY(procfs.open_at(process + "/ns", O_PATH | O_DIRECTORY));
  return sys::read_link_at(directory.get(), std::string(namespaces::proc_name(type)));
}

Result<> compare_namespaces(const Original& original, Comparison& comparison) {
  if (!original.spec.linux) return {};
  for (const auto type :
       {NamespaceType::user, NamespaceType::pid, NamespaceType::network, NamespaceType::mount,
        NamespaceType::ipc, NamespaceType::uts, NamespaceType::cgroup, NamespaceType::time}) {
    TRY(compare_namespace(original, type, comparison));
  }
  TRY(compare_id_maps(original, comparison));
  TRY(compare_time_offsets(original, comparison));
  compare_inside(original, comparison);
  return {};
}

}  // namespace myrt::inspection
