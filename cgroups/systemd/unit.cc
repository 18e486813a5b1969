#include "cgroups/systemd/unit.h"

#include <algorithm>
#include <vector>

#include "sys/text.h"

namespace myrt::cgroups::systemd {
namespace {

constexpr const char* kPointer = "/linux/cgroupsPath";
constexpr std::string_view kSliceSuffix = ".slice";
constexpr std::string_view kRootSlice = "-.slice";
constexpr std::size_t kLongestName = 255;

// systemd's UNIT_NAME_MAX.
Result<> check_length(std::string_view name) {
  if (name.size() <= kLongestName) return {};
  return config_error(
      kPointer, fmt::format("the unit name `{}` is longer than {} bytes", name, kLongestName));
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(":-_.\\@").find(c) != std::string_view::npos;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (is_plain(c)) {
      result += c;
    } else {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

// "a-b.slice" is in "a.slice", which is in the root slice. Its cgroup: "/a.slice/a-b.slice".
Result<std::string> path_of_slice(std::string_view slice) {
  TRY(check_length(slice));
  if (slice == kRootSlice) return std::string();
  const std::string_view stem = slice.substr(0, slice.size() - kSliceSuffix.size());
  std::string path, prefix;
  for (const std::string_view part : sys::split(stem, '-')) {
    if (part.empty() || !std::all_of(part.begin(), part.end(), is_plain)) {
      return config_error(kPointer, fmt::format("`{}` is not the name of a slice", slice));
    }
    prefix += prefix.empty() ? "" : "-";
    prefix += part;
    path += fmt::format("/{}{}", prefix, kSliceSuffix);
  }
  return path;
}

std::string slice_above(std::string_view slice) {
  const std::string_view stem = slice.substr(0, slice.size() - kSliceSuffix.size());
  const std::size_t dash = stem.rfind('-');
  if (dash == std::string_view::npos) return std::string(kRootSlice);
  return fmt::format("{}{}", stem.substr(0, dash), kSliceSuffix);
}

Result<Unit> slice_unit(std::string_view name, std::string_view asked_parent) {
  std::string path = TRY(path_of_slice(name));
  Unit unit{.name = std::string(name), .slice = {}, .path = std::move(path)};
  if (unit.path.empty()) return config_error(kPointer, "the root slice cannot be a container");
  unit.slice = slice_above(name);
  // The name alone says where it is.
  if (!asked_parent.empty() && asked_parent != unit.slice) {
    return config_error(kPointer, fmt::format("`{}` is not in `{}`", name, asked_parent));
  }
  return unit;
}

}  // namespace

bool is_slice(std::string_view unit_name) { return unit_name.ends_with(kSliceSuffix); }

Result<Unit> unit_of(std::string_view cgroups_path, std::string_view container_id,
                     std::string_view default_slice) {
  const std::string by_default = fmt::format(":myrt:{}", container_id);
  if (cgroups_path.empty()) cgroups_path = by_default;
  const std::vector<std::string_view> parts = sys::split(cgroups_path, ':');
  if (parts.size() != 3 || parts[2].empty() || cgroups_path.find('/') != std::string_view::npos) {
    return config_error(
        kPointer,
        fmt::format("expected `slice:prefix:name` with the systemd cgroup driver, got `{}`",
                    cgroups_path));
  }
  std::string slice(parts[0] == "-" ? kRootSlice : parts[0]);
  if (!slice.empty() && !is_slice(slice)) {
    return config_error(kPointer, fmt::format("`{}` does not end in `.slice`", slice));
  }
  if (is_slice(parts[2])) return slice_unit(parts[2], slice);
  if (slice.empty()) slice = default_slice;
  Unit unit;
  unit.name = fmt::format("{}{}{}.scope", escaped(parts[1]), parts[1].empty() ? "" : "-",
                          escaped(parts[2]));
  TRY(check_length(unit.name));
  unit.path = fmt::format("{}/{}", TRY(path_of_slice(slice)), unit.name);
  unit.slice = std::move(slice);
  return unit;
}

}  // namespace myrt::cgroups::systemd
