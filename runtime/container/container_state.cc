#include "runtime/container/container_state.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "oci-spec/documents.h"

namespace myrt::container {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kAfterGlance = ",\"cgroupManager\":";

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

Json to_json(const std::vector<mounts::HotMount>& hot_mounts) {
  Json json = Json::array();
  for (const mounts::HotMount& mount : hot_mounts) {
    json.push_back({{"destination", mount.destination}, {"mountId", mount.mount_id}});
  }
  return json;
}

void append_member(std::string& object, std::string_view key, const Json& value) {
  object += fmt::format("{}\"{}\":{}", object.empty() ? '{' : ',', key,
                        value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

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

bool is_absolute_path(std::string_view path) {
  return path.starts_with('/') && path.find('\0') == std::string_view::npos;
}

// What Extent::glance reads comes first: `list` need not read the rest. The version comes last,
// where from_json() looks for it.
std::string to_json(const ContainerState& state) {
  const std::pair<std::string_view, Json> members[] = {
      {"id", state.id},
      {"pid", state.pid},
      {"startTimeTicks", state.start_time_ticks},
      {"created", state.created},
      {"bundle", state.bundle},
      {"rootfs", state.rootfs},
      {"annotations", state.annotations},
      {"cgroup", to_json(state.cgroup)},
      {"cgroupManager", to_string(state.cgroup_manager)},
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
      {"hotMounts", to_json(state.hot_mounts)},
  };
  std::string text;
  for (const auto& [key, value] : members) append_member(text, key, value);
  if (state.rdt_class) {
    append_member(
        text, "rdtClass",
        {{"clos", state.rdt_class->clos}, {"monitorGroup", state.rdt_class->monitor_group}});
  }
  if (!state.pid_file.empty()) append_member(text, "pidFile", state.pid_file);
  append_member(text, "version", kFormatVersion);
  text += '}';
  add_phases(text, state.phases);
  return text;
}

// Written rather than built: creations wait for it, and the names are literals of ours.
void add_phases(std::string& json, const std::vector<sys::PhaseTime>& phases) {
  if (phases.empty()) return;
  std::string member = ",\"phases\":";
  char separator = '{';
  for (const sys::PhaseTime& phase : phases) {
    fmt::format_to(std::back_inserter(member), R"({}"{}":{})", separator, phase.name, phase.us);
    separator = ',';
  }
  // Behind what Extent::metrics reads. No member after this one has a member of its name.
  json.insert(json.rfind(kAfterGlance), member + '}');
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
  std::string path = unified->get<std::string>();
  return is_absolute_path(path) ? std::optional(std::move(path)) : std::nullopt;
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
