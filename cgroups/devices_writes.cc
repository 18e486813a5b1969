#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "cgroups/device_rule.h"
#include "cgroups/devices_program.h"

namespace myrt::cgroups {
namespace {

constexpr std::uint32_t kReadWrite = kAccessRead | kAccessWrite;

// An entry of the v1 kernel's list: devices that are treated unlike the rest.
struct Exception {
  char type = 'c';
  std::optional<std::uint32_t> major, minor;
  std::uint32_t access = 0;
};

struct DeviceList {
  bool allows_the_rest = false;
  std::vector<Exception> exceptions;
};

using Number = std::optional<std::uint32_t>;
bool covers(const Number& wide, const Number& narrow) { return !wide || wide == narrow; }
bool overlaps(const Number& a, const Number& b) { return !a || !b || a == b; }

bool covers(const Exception& wide, const Exception& narrow) {
  return wide.type == narrow.type && covers(wide.major, narrow.major) &&
         covers(wide.minor, narrow.minor);
}
bool overlaps(const Exception& a, const Exception& b) {
  return a.type == b.type && overlaps(a.major, b.major) && overlaps(a.minor, b.minor);
}
bool same_devices(const Exception& a, const Exception& b) { return covers(a, b) && covers(b, a); }

void add_exception(DeviceList& list, const Exception& added) {
  for (Exception& known : list.exceptions) {
    if (!same_devices(known, added)) continue;
    known.access |= added.access;
    return;
  }
  list.exceptions.push_back(added);
}

// False: the list would need a hole in a wider entry.
bool take_exception_back(DeviceList& list, const Exception& taken) {
  for (Exception& known : list.exceptions) {
    if (covers(taken, known)) {
      known.access &= ~taken.access;
    } else if (overlaps(taken, known) && (known.access & taken.access) != 0) {
      return false;
    }
  }
  std::erase_if(list.exceptions, [](const Exception& known) { return known.access == 0; });
  return true;
}

// How "allow everything" is kept: as what holds for the rest, or as two wide entries, which a later
// "deny all of c" can take back.
enum class AllowAll : std::uint8_t { as_the_rest, as_entries };

// The index of the rule that cannot be expressed, or the list.
std::pair<DeviceList, std::optional<std::size_t>> fold(const std::vector<DeviceRule>& rules,
                                                       AllowAll allow_all) {
  DeviceList list;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const DeviceRule& rule = rules[i];
    const bool resets = rule.covers_everything();
    if (resets) list = DeviceList{};
    if (resets && !rule.allow) continue;
    if (resets && allow_all == AllowAll::as_the_rest) {
      list.allows_the_rest = true;
      continue;
    }
    for (const char type : {'b', 'c'}) {
      if (rule.type != 'a' && rule.type != type) continue;
      const Exception entry = {
          .type = type, .major = rule.major, .minor = rule.minor, .access = rule.access};
      if (rule.allow != list.allows_the_rest) {
        add_exception(list, entry);
      } else if (!take_exception_back(list, entry)) {
        return {list, i};
      }
    }
  }
  return {list, std::nullopt};
}

// The kernel wants one entry that has all letters of an access, and only reading and writing are
// ever asked for together: a narrow entry that has one of them also gets the other from the wider
// ones. It is needless when they have all that it has.
std::vector<Exception> minimized(const std::vector<Exception>& exceptions) {
  std::vector<Exception> result;
  for (Exception entry : exceptions) {
    std::uint32_t inherited = 0;
    bool needless = false;
    for (const Exception& wider : exceptions) {
      if (same_devices(wider, entry) || !covers(wider, entry)) continue;
      inherited |= wider.access;
      if ((entry.access & ~wider.access) == 0) needless = true;
    }
    if (needless) continue;
    if ((entry.access & kReadWrite) != 0) entry.access |= inherited & kReadWrite;
    result.push_back(entry);
  }
  return result;
}

std::string entry_text(const Exception& entry) {
  const auto number = [](const Number& value) {
    return value ? fmt::to_string(*value) : std::string("*");
  };
  std::string access;
  if ((entry.access & kAccessRead) != 0) access += 'r';
  if ((entry.access & kAccessWrite) != 0) access += 'w';
  if ((entry.access & kAccessMknod) != 0) access += 'm';
  return fmt::format("{} {}:{} {}", entry.type, number(entry.major), number(entry.minor), access);
}

}  // namespace

Result<Writes> devices_writes(const std::vector<oci::DeviceCgroupRule>& rules,
                              const std::string& pointer, OnDenied on_denied) {
  std::vector<DeviceRule> checked;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    checked.push_back(TRY(check_device_rule(rules[i], fmt::format("{}/{}", pointer, i))));
  }
  auto [list, stuck] = fold(checked, AllowAll::as_the_rest);
  if (stuck) std::tie(list, stuck) = fold(checked, AllowAll::as_entries);
  if (stuck) {
    Error error = config_error(fmt::format("{}/{}", pointer, *stuck),
                               "cgroup v1 cannot make an exception from a wider earlier rule");
    error.code = ErrorCode::unsupported;
    return error;
  }
  const char* const first = list.allows_the_rest ? "devices.allow" : "devices.deny";
  const char* const others = list.allows_the_rest ? "devices.deny" : "devices.allow";
  Writes writes;
  const auto add = [&](const char* file, std::string value) {
    writes.push_back({.controller = "devices",
                      .file = file,
                      .value = std::move(value),
                      .pointer = pointer,
                      .on_denied = on_denied});
  };
  add(first, "a *:* rwm");
  for (const Exception& entry : minimized(list.exceptions)) add(others, entry_text(entry));
  return writes;
}

}  // namespace myrt::cgroups
