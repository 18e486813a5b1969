#include "tests/faults/scenario.h"

namespace faults {
namespace {

const Check kWorks = {.command = {"exec", kId, "true"}, .expected = ""};
Check says(const char* status) { return {.command = {"state", kId}, .expected = status}; }
Check is_gone() {
  return {.command = {"state", kId}, .expected = "does not exist", .has_to_fail = true};
}
Check must(Words command) { return {.command = std::move(command), .expected = ""}; }
Check may(Words command) {
  return {.command = std::move(command), .expected = "", .may_fail = true};
}

}  // namespace

std::vector<Scenario> scenarios(const std::string& bundle, const std::string& short_bundle,
                                const std::string& directory) {
  const std::string pid_file = directory + "/pid";
  const Check created = must({"create", "--bundle", bundle, kId});
  const Check running = must({"run", "--detach", "--bundle", bundle, kId});
  const Check paused = must({"pause", kId});
  const Check killed = must({"kill", kId, "KILL"});
  return {
      {.name = "run",
       .before = {},
       .command = {"run", "--detach", "--pid-file", pid_file, "--bundle", bundle, kId},
       .after_success = {says("running"), kWorks},
       .after_failure = {}},
      {.name = "run-foreground",
       .before = {},
       .command = {"run", "--bundle", short_bundle, kId},
       .after_success = {is_gone()},
       .after_failure = {}},
      {.name = "create",
       .before = {},
       .command = {"create", "--pid-file", pid_file, "--bundle", bundle, kId},
       .after_success = {says("created"), must({"start", kId}), kWorks},
       .after_failure = {},
       .init_waits = true},
      {.name = "start",
       .before = {created},
       .command = {"start", kId},
       .after_success = {says("running"), kWorks},
       .after_failure = {may({"state", kId})}},
      {.name = "exec",
       .before = {running},
       .command = {"exec", kId, "true"},
       .after_success = {kWorks},
       .after_failure = {kWorks}},
      {.name = "exec-detached",
       .before = {running},
       .command = {"exec", "--detach", "--pid-file", pid_file, kId, "sleep", "1000"},
       .after_success = {kWorks},
       .after_failure = {kWorks}},
      {.name = "delete",
       .before = {running, killed, says("stopped")},
       .command = {"delete", kId},
       .after_success = {is_gone()},
       .after_failure = {}},
      {.name = "delete-force",
       .before = {running},
       .command = {"delete", "--force", kId},
       .after_success = {is_gone()},
       .after_failure = {}},
      {.name = "kill",
       .before = {running},
       .command = {"kill", kId, "KILL"},
       .after_success = {says("stopped")},
       .after_failure = {must({"kill", "--all", kId, "KILL"}), says("stopped")}},
      {.name = "pause",
       .before = {running},
       .command = {"pause", kId},
       .after_success = {says("paused"), must({"resume", kId}), kWorks},
       .after_failure = {may({"resume", kId}), kWorks}},
      {.name = "resume",
       .before = {running, paused},
       .command = {"resume", kId},
       .after_success = {says("running"), kWorks},
       .after_failure = {may({"resume", kId}), kWorks}},
      {.name = "update",
       .before = {running},
       .command = {"update", "--pids-limit", "100", "--memory", "104857600", kId},
       .after_success = {kWorks},
       .after_failure = {must({"update", "--pids-limit", "100", kId}), kWorks}},
      {.name = "state",
       .before = {running},
       .command = {"state", kId},
       .after_success = {kWorks},
       .after_failure = {kWorks}},
      {.name = "list",
       .before = {running},
       .command = {"list"},
       .after_success = {kWorks},
       .after_failure = {kWorks}},
      {.name = "ps",
       .before = {running},
       .command = {"ps", "--format", "json", kId},
       .after_success = {kWorks},
       .after_failure = {kWorks}},
      {.name = "gc",
       .before = {created, killed, says("stopped")},
       .command = {"gc"},
       .after_success = {},
       .after_failure = {}},
  };
}

}  // namespace faults
