#include "oci-spec/state.h"

#include "oci-spec/documents.h"

#define JSON_NO_IO 1  // keeps iostreams and their static initialisers out of the binary
#include <nlohmann/json.hpp>

namespace myrt::oci {
namespace {

// Keeps members in the order in which they were added.
using Json = nlohmann::ordered_json;

enum class Indent : int { none = -1, two_spaces = 2 };

// Bytes that are not UTF-8 (a bundle's path may have any) become U+FFFD, since dump() would throw.
std::string to_text(const Json& json, Indent indent) {
  return json.dump(static_cast<int>(indent), ' ', false, Json::error_handler_t::replace);
}

std::string_view version_of(const State& state) {
  return state.oci_version.empty() ? kVersionMax : std::string_view(state.oci_version);
}

Json to_document(const State& state) {
  Json json;
  json["ociVersion"] = version_of(state);
  json["id"] = state.id;
  json["status"] = to_string(state.status);
  json["pid"] = state.pid;
  json["bundle"] = state.bundle;
  if (!state.annotations.empty()) json["annotations"] = state.annotations;
  return json;
}

Json to_document(const State& state, const StateExtras& extras) {
  Json json;
  json["ociVersion"] = version_of(state);
  json["id"] = state.id;
  json["pid"] = state.pid;
  json["status"] = to_string(state.status);
  json["bundle"] = state.bundle;
  json["rootfs"] = extras.rootfs;
  json["created"] = extras.created;
  if (!state.annotations.empty()) json["annotations"] = state.annotations;
  json["owner"] = extras.owner;
  return json;
}

}  // namespace

std::string_view to_string(Status status) {
  switch (status) {
    case Status::creating:
      return "creating";
    case Status::created:
      return "created";
    case Status::running:
      return "running";
    case Status::paused:
      return "paused";
    case Status::stopped:
      return "stopped";
  }
  return "unknown";
}

std::string to_json(const State& state) { return to_text(to_document(state), Indent::none); }

std::string to_json_indented(const State& state, const StateExtras& extras) {
  return to_text(to_document(state, extras), Indent::two_spaces);
}

std::string to_json_array(const std::vector<std::pair<State, StateExtras>>& containers) {
  Json json;  // null
  for (const auto& [state, extras] : containers) json.push_back(to_document(state, extras));
  return to_text(json, Indent::none);
}

std::string container_process_state_json(const State& state, pid_t pid,
                                         const std::string& metadata) {
  Json json;
  json["ociVersion"] = version_of(state);
  json["fds"] = Json::array({"seccompFd"});
  json["pid"] = pid;
  if (!metadata.empty()) json["metadata"] = metadata;
  json["state"] = to_document(state);
  return to_text(json, Indent::none);
}

}  // namespace myrt::oci
