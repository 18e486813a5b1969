// The reports of `validate`, `effective`, `gc` and `doctor` as JSON.
#define JSON_NO_IO 1  // keeps iostreams and their static initialisers out of the binary
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "runtime/myrt.h"

namespace myrt {
namespace {

// The type of oci-spec's documents: members stay in the order in which they were added.
using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

// Indexed by the enumerators.
constexpr std::array<const char*, 3> kSeverities = {"error", "host", "warning"};
constexpr std::array<const char*, 3> kMatches = {"same", "differs", "unknown"};
constexpr std::array<const char*, 4> kVerdicts = {"ok", "note", "warning", "failure"};

template <class Names, class Enumerator>
const char* name_in(const Names& names, Enumerator value) {
  return names.at(static_cast<std::size_t>(value));
}

}  // namespace

std::string to_json(const Validation& validation) {
  const auto has = [&](oci::Severity severity) {
    return std::any_of(validation.remarks.begin(), validation.remarks.end(),
                       [&](const oci::Remark& remark) { return remark.severity == severity; });
  };
  Json json;
  json["config"] = validation.config;
  json["valid"] = !has(oci::Severity::error);
  json["runnable"] = !has(oci::Severity::error) && !has(oci::Severity::host);
  Json& remarks = json["remarks"] = Json::array();
  for (const oci::Remark& remark : validation.remarks) {
    Json entry;
    entry["severity"] = name_in(kSeverities, remark.severity);
    entry["pointer"] = remark.pointer;
    entry["line"] = remark.line;
    entry["column"] = remark.column;
    entry["message"] = remark.message;
    entry["clause"] = std::string(remark.clause);
    remarks.push_back(std::move(entry));
  }
  return dump(json);
}

std::string to_json(const Effective& effective) {
  Json json;
  json["id"] = effective.state.id;
  json["status"] = std::string(oci::to_string(effective.state.status));
  json["pid"] = effective.state.pid;
  json["matches"] =
      std::none_of(effective.fields.begin(), effective.fields.end(),
                   [](const EffectiveField& field) { return field.match == Match::differs; });
  Json& fields = json["fields"] = Json::array();
  for (const EffectiveField& field : effective.fields) {
    Json entry;
    entry["name"] = field.name;
    entry["pointer"] = field.pointer;
    entry["match"] = name_in(kMatches, field.match);
    entry["asked"] = field.asked;
    entry["applied"] = field.applied;
    fields.push_back(std::move(entry));
  }
  return dump(json);
}

std::string to_json(const std::vector<Diagnosis>& diagnoses) {
  Json json = Json::array();
  for (const Diagnosis& diagnosis : diagnoses) {
    Json entry;
    entry["name"] = diagnosis.name;
    entry["verdict"] = name_in(kVerdicts, diagnosis.verdict);
    entry["finding"] = diagnosis.finding;
    entry["consequence"] = diagnosis.consequence;
    entry["fix"] = diagnosis.fix;
    json.push_back(std::move(entry));
  }
  return dump(json);
}

std::string to_json(const std::vector<Reclaimed>& reclaimed) {
  Json json = Json::array();
  for (const Reclaimed& entry : reclaimed) {
    Json item;
    item["id"] = entry.id;
    item["reason"] = entry.reason;
    Json& held = item["held"] = Json::array();
    for (const Leftover& leftover : entry.held) {
      held.push_back({{"kind", leftover.kind}, {"name", leftover.name}});
    }
    item["error"] = entry.error ? entry.error->message : std::string();
    json.push_back(std::move(item));
  }
  return dump(json);
}

}  // namespace myrt
