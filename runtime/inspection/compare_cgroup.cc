#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "cgroups/existing.h"
#include "cgroups/read_back.h"
#include "cgroups/tree.h"
#include "runtime/inspection/comparison.h"
#include "sys/files.h"

namespace myrt::inspection {
namespace {

std::string one_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ';');
  return line;
}

Result<> compare_write(const Original& original, const cgroups::Write& write,
                       Comparison& comparison) {
  const cgroups::Location& location = original.found.state.cgroup;
  const std::string* directory = location.mode == cgroups::Mode::v2
                                     ? cgroups::unified_directory(location)
                                     : cgroups::directory_of(location, write.controller);
  std::string file = write.file;
  std::string asked = write.value;
  if (file.starts_with("cgroup.")) return {};  // not limits
  if (directory == nullptr) {
    if (write.on_missing == cgroups::OnMissing::error) {
      comparison.unknown("cgroup." + file, write.pointer, asked);
    }
    return {};
  }
  auto text = TRY(cgroups::read_if_present(*directory + "/" + file));
  if (!text && write.alternative) {
    file = write.alternative->file;
    asked = write.alternative->value;
    text = TRY(cgroups::read_if_present(*directory + "/" + file));
  }
  const std::string name = "cgroup." + file;
  if (text) {
    const bool same = cgroups::shows_value(file, asked, *text);
    comparison.add(name, write.pointer, asked, one_line(*text),
                   same ? Match::same : Match::differs);
  } else if (write.on_missing == cgroups::OnMissing::error) {
    comparison.unknown(name, write.pointer, asked);
  }
  return {};
}

// Where one file is written twice, the last value is the one that was asked for.
std::vector<const cgroups::Write*> last_writes(const cgroups::Plan& plan) {
  std::vector<const cgroups::Write*> writes;
  for (const cgroups::Writes* list : {&plan.before_join, &plan.after_join}) {
    for (const cgroups::Write& write : *list) {
      const std::string key = write.value.substr(0, write.value.find(' '));
      const bool keyed = key.find(':') != std::string::npos || key.size() < write.value.size();
      std::erase_if(writes, [&](const cgroups::Write* earlier) {
        return earlier->file == write.file && (!keyed || earlier->value.starts_with(key + " "));
      });
      writes.push_back(&write);
    }
  }
  return writes;
}

// The writes begin with the rest ("a *:* rwm" to deny or allow), the others are the list.
Result<> compare_devices_v1(const Original& original, Comparison& comparison) {
  const cgroups::Writes& writes = original.plan.cgroup->device_writes;
  const std::string* directory = cgroups::directory_of(original.found.state.cgroup, "devices");
  if (directory == nullptr || writes.empty()) return {};
  if (writes.front().file != "devices.deny") return {};  // the kernel does not list what it denies
  std::set<std::string> asked;
  for (std::size_t i = 1; i < writes.size(); ++i) asked.insert(writes[i].value);
  std::set<std::string> applied;
  const auto text = TRY(cgroups::read_if_present(*directory + "/devices.list"));
  for (std::string_view rest = text ? std::string_view(*text) : ""; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (!line.empty()) applied.emplace(line);
  }
  comparison.add("cgroup.devices", "/linux/resources/devices",
                 fmt::format("{}", fmt::join(asked, "; ")),
                 fmt::format("{}", fmt::join(applied, "; ")));
  return {};
}

// How many device programs decide for the cgroup; nullopt: the kernel does not tell.
std::optional<std::uint32_t> device_programs(const std::string& directory) {
  const auto cgroup = sys::open(directory, O_RDONLY | O_DIRECTORY);
  if (!cgroup.ok()) return std::nullopt;
  bpf_attr query = {};
  query.query.target_fd = static_cast<std::uint32_t>(cgroup->get());
  query.query.attach_type = BPF_CGROUP_DEVICE;
  if (::syscall(SYS_bpf, BPF_PROG_QUERY, &query, sizeof query) != 0) return std::nullopt;
  return query.query.prog_cnt;
}

void compare_devices_v2(const Original& original, Comparison& comparison) {
  const cgroups::Plan& plan = *original.plan.cgroup;
  const std::string* directory = cgroups::unified_directory(original.found.state.cgroup);
  if (directory == nullptr || plan.mode != cgroups::Mode::v2) return;
  if (plan.device_filter_denied == cgroups::OnDenied::skip)
    return;  // the kernel guards them itself
  const auto programs = device_programs(*directory);
  if (!programs) {
    comparison.unknown("cgroup.devices", "/linux/resources/devices", "filtered");
  } else {
    comparison.add("cgroup.devices", "/linux/resources/devices", "filtered",
                   *programs > 0 ? "filtered" : "every device allowed");
  }
}

}  // namespace

Result<> compare_cgroup(const Original& original, Comparison& comparison) {
  const cgroups::Location& location = original.found.state.cgroup;
  if (!original.plan.cgroup || location.directories.empty()) return {};
  const auto pids = TRY(cgroups::processes(location));
  const bool inside = std::binary_search(pids.begin(), pids.end(), original.found.state.pid);
  comparison.add("cgroup", "/linux/cgroupsPath", location.directories.back().second,
                 inside ? location.directories.back().second : "another cgroup");
  for (const cgroups::Write* write : last_writes(*original.plan.cgroup)) {
    TRY(compare_write(original, *write, comparison));
  }
  TRY(compare_devices_v1(original, comparison));
  compare_devices_v2(original, comparison);
  return {};
}

}  // namespace myrt::inspection
