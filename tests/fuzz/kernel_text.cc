// What the kernel writes in /proc, cgroupfs, resctrl and netlink. The first letter chooses the
// reader.
#include <linux/magic.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "cgroups/hierarchy.h"
#include "cgroups/read_back.h"
#include "cgroups/stats_files.h"
#include "cgroups/tree.h"
#include "namespaces/netlink.h"
#include "runtime/init/rdt_schemata.h"
#include "sys/procfs.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace myrt;

constexpr std::initializer_list<ErrorCode> kMalformed = {ErrorCode::invalid_argument};

std::string in_octal(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
  return escaped;
}

void mountinfo(fuzz::Input input) {
  const auto mounts = sys::parse_mountinfo(input.rest());
  if (!mounts.ok()) return fuzz::check_error(mounts.error(), kMalformed);
  std::string text;
  for (const sys::MountInfo& mount : *mounts) {
    text += fmt::format("{} {} 0:1 {} {} {} {}{}- {} {} {}\n", mount.id, mount.parent_id,
                        in_octal(mount.root), in_octal(mount.mount_point), mount.options,
                        mount.propagation, mount.propagation.empty() ? "" : " ",
                        in_octal(mount.fstype), in_octal(mount.source), mount.super_options);
  }
  const auto again = sys::parse_mountinfo(text);
  HOLDS(again.ok() && again->size() == mounts->size(), text);
  for (std::size_t i = 0; i < mounts->size(); ++i) {
    const sys::MountInfo& a = (*mounts)[i];
    const sys::MountInfo& b = (*again)[i];
    HOLDS(a.id == b.id && a.parent_id == b.parent_id && a.root == b.root, text);
    HOLDS(a.mount_point == b.mount_point && a.options == b.options, text);
    HOLDS(a.fstype == b.fstype && a.source == b.source, text);
    HOLDS(a.super_options == b.super_options && a.propagation == b.propagation, text);
  }
}

void process_cgroups(fuzz::Input input) {
  const auto cgroups = sys::parse_process_cgroups(input.rest());
  if (!cgroups.ok()) return fuzz::check_error(cgroups.error(), kMalformed);
  for (const sys::ProcessCgroup& cgroup : *cgroups) {
    HOLDS(cgroup.path.starts_with('/'), cgroup.path);
  }
}

void process_stat(fuzz::Input input) {
  const auto stat = sys::parse_process_stat(input.rest());
  if (!stat.ok()) return fuzz::check_error(stat.error(), kMalformed);
  const auto again = sys::parse_process_stat(
      fmt::format("1 (a) b) {} {} {} {}", stat->state, stat->parent_pid,
                  "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", stat->start_time_ticks));
  HOLDS(again.ok() && again->start_time_ticks == stat->start_time_ticks, input.rest());
  HOLDS(again->state == stat->state && again->parent_pid == stat->parent_pid, input.rest());
}

// A host on which the filesystem of a path is a matter of the input.
void hierarchies(fuzz::Input input) {
  const unsigned layout = input.byte();
  const std::string_view text = input.rest();
  const std::size_t split = std::min(text.find("\n\n"), text.size());
  const auto magic = [&](const std::string& path) -> std::int64_t {
    constexpr std::array<std::int64_t, 4> kTypes = {TMPFS_MAGIC, CGROUP_SUPER_MAGIC,
                                                    CGROUP2_SUPER_MAGIC, 0};
    return kTypes.at((layout >> (2 * (path.size() % 4))) % kTypes.size());
  };
  const cgroups::HostSources sources = {
      .process_cgroups = [&] { return Result<std::string>(std::string(text.substr(0, split))); },
      .mountinfo = [&] { return Result<std::string>(std::string(text.substr(split))); },
      .filesystem_type = magic,
      .is_directory = [&](const std::string& path) { return (path.size() + layout) % 3 != 0; }};
  const auto host = cgroups::discover(sources);
  if (!host.ok()) {
    return fuzz::check_error(host.error(), {ErrorCode::invalid_argument, ErrorCode::unsupported});
  }
  HOLDS(!host->hierarchies.empty(), "none");
  for (std::size_t i = 0; i < host->hierarchies.size(); ++i) {
    const cgroups::Hierarchy& one = host->hierarchies[i];
    HOLDS(one.own_path.starts_with('/'), one.own_path);
    HOLDS(!one.controllers.empty() || i + 1 == host->hierarchies.size(), one.mount_point);
  }
}

void numbers(fuzz::Input input) {
  const std::string_view text = input.rest();
  const auto number = cgroups::parse_number(text, "memory.max");
  if (!number.ok()) fuzz::check_error(number.error(), kMalformed);
  if (number.ok()) HOLDS(*cgroups::parse_number(std::to_string(*number), "f") == *number, text);
  const auto list = cgroups::parse_list(text);
  if (!list.ok()) fuzz::check_error(list.error(), kMalformed);
}

void keyed(fuzz::Input input) {
  for (const auto& [key, value] : cgroups::parse_flat_keyed(input.rest())) {
    const auto alone = cgroups::flat_keyed_value(input.rest(), key);
    HOLDS(!alone || *alone == value, key);  // it gives up at the first line of that key
  }
  for (const cgroups::BlkioEntry& entry : cgroups::parse_blkio(input.rest())) {
    HOLDS(entry.op.find(' ') == std::string::npos, entry.op);
  }
  for (const cgroups::RdmaEntry& entry : cgroups::parse_rdma(input.rest())) {
    HOLDS(!entry.device.empty(), input.rest());
  }
  for (const std::string& word : cgroups::split_words(input.rest())) {
    HOLDS(!word.empty() && word.find_first_of(" \n") == std::string::npos, word);
  }
}

void pressure(fuzz::Input input) {
  const auto pressure = cgroups::parse_pressure(input.rest());
  if (!pressure.ok()) return fuzz::check_error(pressure.error(), kMalformed);
  for (const cgroups::PressureLine& line : {pressure->some, pressure->full}) {
    // They go into JSON, which has neither infinity nor NaN.
    HOLDS(std::isfinite(line.avg10) && std::isfinite(line.avg60) && std::isfinite(line.avg300),
          input.rest());
  }
}

void resctrl(fuzz::Input input) {
  const std::string asked = input.line();
  const bool in_force = init::schema_is_in_force(asked, input.rest());
  HOLDS(in_force == init::schema_is_in_force(asked, input.rest()), asked);
  const std::string line = init::schema_line(input.rest(), asked);
  HOLDS(line.find('\n') == std::string::npos, line);
}

void read_back(fuzz::Input input) {
  const std::string file = input.line();
  const std::string asked = input.line();
  [[maybe_unused]] const bool shown = cgroups::shows_value(file, asked, input.rest());
}

void netlink(fuzz::Input input) {
  const auto replies = namespaces::parse_replies(input.rest());
  if (!replies.ok()) return fuzz::check_error(replies.error(), {ErrorCode::protocol});
  for (const namespaces::NetlinkReply& reply : *replies) {
    const auto attributes = namespaces::parse_attributes(reply.body);
    if (!attributes.ok()) {
      fuzz::check_error(attributes.error(), {ErrorCode::protocol});
      continue;
    }
    for (const namespaces::NetlinkAttribute& attribute : *attributes) {
      HOLDS(namespaces::attribute_string(attribute.payload).size() <= attribute.payload.size(), "");
      const auto number = namespaces::attribute_uint32(attribute.payload);
      HOLDS(number.has_value() == (attribute.payload.size() == 4), "");
      const auto nested = namespaces::parse_attributes(attribute.payload);
      if (!nested.ok()) fuzz::check_error(nested.error(), {ErrorCode::protocol});
    }
  }
}

constexpr std::array kReaders = {mountinfo, process_cgroups, process_stat, hierarchies, numbers,
                                 keyed,     pressure,        resctrl,      read_back,   netlink};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  myrt::fuzz::Input input(data, size);
  kReaders.at(input.choice(kReaders.size()))(input);
  return 0;
}
