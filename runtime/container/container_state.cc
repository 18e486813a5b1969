#include "runtime/container/container_state.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>

#include "oci-spec/documents.h"

namespace myrt::container {
namespace {

using Json = nlohmann::json;

constexpr int kFormatVersion = 1;

std::string_view to_string(CgroupManager manager) {
  switch (manager) {
    case CgroupManager::cgroupfs:
      return "cgroupfs";
    case CgroupManager::systemd:
      return "systemd";
    case CgroupManager::disabled:
      return "disabled";
  }
  return "cgroupfs";
}

Error damaged(std::string_view what) {
  return make_error(ErrorCode::internal, fmt::format("damaged: {:.200}", what));
}

Result<CgroupManager> parse_manager(const std::string& text) {
  for (const auto manager :
       {CgroupManager::cgroupfs, CgroupManager::systemd, CgroupManager::disabled}) {
    if (text == to_string(manager)) return manager;
  }
  return damaged(fmt::format("unknown cgroup manager `{}`", text));
}

Result<cgroups::Mode> parse_mode(const std::string& text) {
  for (const auto mode : {cgroups::Mode::v1, cgroups::Mode::hybrid, cgroups::Mode::v2}) {
    if (text == cgroups::to_string(mode)) return mode;
  }
  return damaged(fmt::format("unknown cgroup mode `{}`", text));
}

// get<T>() alone converts whatever is a number or a boolean, and cuts it to size: another process's
// pid.
template <class T>
Result<T> number(const Json& json, const char* name) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  const Json& value = json.at(name);
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMax) {
    return damaged(fmt::format("`{}` is not an integer from 0 to {}", name, kMax));
  }
  return value.get<T>();
}

// `delete` removes what these name.
Result<std::string> absolute_path(const Json& value) {
  std::string path = value.get<std::string>();
  if (!path.starts_with('/') || path.find('\0') != std::string::npos) {
    return damaged(fmt::format("`{}` is not an absolute path", path));
  }
  return path;
}

Result<std::vector<std::string>> absolute_paths(const Json& json) {
  std::vector<std::string> paths;
  for (const Json& value : json.get_ref<const Json::array_t&>()) {
    paths.push_back(TRY(absolute_path(value)));
  }
  return paths;
}

Json to_json(const cgroups::Location& location) {
  Json directories = Json::array();
  for (const auto& [controllers, directory] : location.directories) {
    directories.push_back(Json::array({controllers, directory}));
  }
  Json json = {{"mode", cgroups::to_string(location.mode)},
               {"directories", std::move(directories)}};
  if (location.unit) json["unit"] = {{"bus", location.unit->bus}, {"name", location.unit->name}};
  return json;
}

Result<cgroups::Location> parse_location(const Json& json) {
  cgroups::Location location;
  location.mode = TRY(parse_mode(json.at("mode").get<std::string>()));
  for (const Json& entry : json.at("directories").get_ref<const Json::array_t&>()) {
    location.directories.emplace_back(entry.at(0).get<std::string>(),
                                      TRY(absolute_path(entry.at(1))));
  }
  if (json.contains("unit")) {
    const Json& unit = json.at("unit");
    location.unit = {.bus = unit.at("bus").get<std::string>(),
                     .name = unit.at("name").get<std::string>()};
  }
  return location;
}

Json to_json(const std::vector<mounts::HotMount>& hot_mounts) {
  Json json = Json::array();
  for (const mounts::HotMount& mount : hot_mounts) {
    json.push_back({{"destination", mount.destination}, {"mountId", mount.mount_id}});
  }
  return json;
}

Result<std::vector<mounts::HotMount>> parse_hot_mounts(const Json& json) {
  std::vector<mounts::HotMount> hot_mounts;
  for (const Json& entry : json.get_ref<const Json::array_t&>()) {
    std::string destination = TRY(absolute_path(entry.at("destination")));
    const auto mount_id = TRY(number<std::uint64_t>(entry, "mountId"));
    hot_mounts.push_back({std::move(destination), mount_id});
  }
  return hot_mounts;
}

Result<std::vector<sys::PhaseTime>> parse_phases(const Json& json) {
  std::vector<sys::PhaseTime> phases;
  for (const Json& entry : json.get_ref<const Json::array_t&>()) {
    std::string name = entry.at("name").get<std::string>();
    // Ours are, and add_phases escapes nothing.
    const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || c == ' ' || c == '-'; };
    if (!std::all_of(name.begin(), name.end(), is_plain)) return damaged("the name of a phase");
    const auto us = TRY(number<std::uint64_t>(entry, "us"));
    phases.push_back({std::move(name), us});
  }
  return phases;
}

// Keys that the file of a container which an older runtime has created does not have.
Result<> parse_newer(const Json& json, ContainerState& state) {
  state.own_pids = json.contains("ownPids") ? json.at("ownPids").get<bool>()
                                            : (state.namespaces & CLONE_NEWPID) != 0;
  if (json.contains("hotMounts")) {
    state.hot_mounts = TRY(parse_hot_mounts(json.at("hotMounts")));
  }
  if (json.contains("rdtClass")) {
    const Json& entry = json.at("rdtClass");
    state.rdt_class = {.clos = entry.at("clos").get<std::string>(),
                       .monitor_group = entry.at("monitorGroup").get<std::string>()};
  }
  if (json.contains("phases")) state.phases = TRY(parse_phases(json.at("phases")));
  if (json.contains("pidFile")) state.pid_file = TRY(absolute_path(json.at("pidFile")));
  return {};
}

Result<ContainerState> parse(const Json& json) {
  ContainerState state;
  state.id = json.at("id").get<std::string>();
  state.pid = TRY(number<pid_t>(json, "pid"));
  state.start_time_ticks = TRY(number<std::uint64_t>(json, "startTimeTicks"));
  state.bundle = TRY(absolute_path(json.at("bundle")));
  state.rootfs = TRY(absolute_path(json.at("rootfs")));
  state.created = json.at("created").get<std::string>();
  state.annotations = json.at("annotations").get<std::map<std::string, std::string>>();
  state.cgroup_manager = TRY(parse_manager(json.at("cgroupManager").get<std::string>()));
  state.cgroup = TRY(parse_location(json.at("cgroup")));
  state.found_cgroups = TRY(absolute_paths(json.at("foundCgroups")));
  state.namespaces = TRY(number<std::uint64_t>(json, "namespaces"));
  state.pivoted = json.at("pivoted").get<bool>();
  state.new_keyring = json.at("newKeyring").get<bool>();
  state.has_process = json.at("hasProcess").get<bool>();
  state.poststart_hooks = json.at("poststartHooks").get<bool>();
  state.poststop_hooks = json.at("poststopHooks").get<bool>();
  state.host_mounts = TRY(absolute_paths(json.at("hostMounts")));
  state.resctrl_groups = TRY(absolute_paths(json.at("resctrlGroups")));
  TRY(parse_newer(json, state));
  return state;
}

}  // namespace

std::string to_json(const ContainerState& state) {
  Json json = {{"version", kFormatVersion},
               {"id", state.id},
               {"pid", state.pid},
               {"startTimeTicks", state.start_time_ticks},
               {"bundle", state.bundle},
               {"rootfs", state.rootfs},
               {"created", state.created},
               {"annotations", state.annotations},
               {"cgroupManager", to_string(state.cgroup_manager)},
               {"cgroup", to_json(state.cgroup)},
               {"foundCgroups", state.found_cgroups},
               {"namespaces", state.namespaces},
               {"ownPids", state.own_pids},
               {"pivoted", state.pivoted},
               {"newKeyring", state.new_keyring},
               {"hasProcess", state.has_process},
               {"poststartHooks", state.poststart_hooks},
               {"poststopHooks", state.poststop_hooks},
               {"hostMounts", state.host_mounts},
               {"resctrlGroups", state.resctrl_groups},
               {"hotMounts", to_json(state.hot_mounts)}};
  if (state.rdt_class) {
    json["rdtClass"] = {{"clos", state.rdt_class->clos},
                        {"monitorGroup", state.rdt_class->monitor_group}};
  }
  if (!state.pid_file.empty()) json["pidFile"] = state.pid_file;
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  add_phases(text, state.phases);
  return text;
}

// Written rather than built: creations wait for it, and the names are literals of ours.
void add_phases(std::string& json, const std::vector<sys::PhaseTime>& phases) {
  if (phases.empty()) return;
  json.pop_back();  // the brace that closes the document
  json += ",\"phases\":";
  char separator = '[';
  for (const sys::PhaseTime& phase : phases) {
    fmt::format_to(std::back_inserter(json), R"({}{{"name":"{}","us":{}}})", separator, phase.name,
                   phase.us);
    separator = ',';
  }
  json += "]}";
}

// The one place above oci-spec where exceptions of the JSON library are met.
Result<ContainerState> from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    const int version = TRY(number<int>(json, "version"));
    if (version != kFormatVersion) {
      return make_error(ErrorCode::unsupported,
                        fmt::format("format version {} is not {}", version, kFormatVersion));
    }
    return parse(json);
  } catch (const Json::exception& exception) {
    return damaged(exception.what());
  }
}

std::string to_libcontainer_json(const ContainerState& state) {
  Json paths = Json::object();
  for (const auto& [controllers, directory] : state.cgroup.directories) {
    std::string_view rest = controllers;
    while (true) {  // "cpu,cpuacct" is two keys with the same path; unified is the key ""
      const std::size_t comma = rest.find(',');
      paths[std::string(rest.substr(0, comma))] = directory;
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  Json labels = Json::array({"bundle=" + state.bundle});
  for (const auto& [key, value] : state.annotations)
    labels.push_back(fmt::format("{}={}", key, value));
  const Json json = {{"id", state.id},
                     {"init_process_pid", state.pid},
                     {"init_process_start", state.start_time_ticks},
                     {"created", state.created},
                     {"config", {{"rootfs", state.rootfs}, {"labels", std::move(labels)}}},
                     {"rootless", false},
                     {"cgroup_paths", std::move(paths)},
                     {"namespace_paths", Json::object()}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::string> unified_cgroup_of_view(std::string_view libcontainer_json) {
  const Json json = Json::parse(libcontainer_json, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto paths = json.find("cgroup_paths");
  if (paths == json.end() || !paths->is_object()) return std::nullopt;
  const auto unified = paths->find("");
  if (unified == paths->end() || !unified->is_string()) return std::nullopt;
  auto path = absolute_path(*unified);
  return path.ok() ? std::optional(std::move(path).value()) : std::nullopt;
}

oci::State oci_state(const ContainerState& state, oci::Status status, pid_t pid) {
  return {.oci_version = std::string(oci::kVersionMax),
          .id = state.id,
          .status = status,
          .pid = pid,
          .bundle = state.bundle,
          .annotations = state.annotations};
}

// Not by gmtime_r(3), which reads the host's time zone file first.
std::string timestamp_now() {
  namespace chrono = std::chrono;
  const auto now = chrono::floor<chrono::nanoseconds>(chrono::system_clock::now());
  const auto day = chrono::floor<chrono::days>(now);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss time(now - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

}  // namespace myrt::container
