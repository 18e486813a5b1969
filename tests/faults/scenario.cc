#include "tests/faults/scenario.h"

#include <iterator>

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

std::vector<Scenario> command_scenarios(const Places& places) {
  const std::string pid_file = places.directory + "/pid";
  const std::string& bundle = places.bundle;
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
       .command = {"run", "--bundle", places.short_bundle, kId},
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

// With CRIU.
std::vector<Scenario> checkpoint_scenarios(const Places& places) {
  const std::string& images = places.images;
  const Check running = must({"run", "--detach", "--bundle", places.looped_bundle, kId});
  const Words restore = {"restore",      "--detach", "--bundle", places.looped_bundle,
                         "--image-path", images,     kId};
  Words restore_with_pid_file = restore;
  restore_with_pid_file.insert(restore_with_pid_file.begin() + 1,
                               {"--pid-file", places.directory + "/pid"});
  const Words save = {"checkpoint", "--image-path", images, kId};
  const Words save_and_go_on = {"checkpoint", "--leave-running", "--image-path", images, kId};
  const Check removed = must({"delete", "--force", kId});
  return {
      {.name = "checkpoint",
       .before = {running},
       .command = save,
       .after_success = {is_gone(), must(restore), says("running"), kWorks},
       // Half of the images is no checkpoint, and no harm.
       .after_failure = {says("running"), kWorks, removed, may(restore)},
       .after_end = {removed, must(restore), says("running"), kWorks}},
      {.name = "checkpoint-leave-running",
       .before = {running},
       .command = save_and_go_on,
       .after_success = {says("running"), kWorks},
       .after_failure = {says("running"), kWorks}},
      {.name = "restore",
       .once = {running, must(save)},
       .before = {},
       .command = restore_with_pid_file,
       .after_success = {says("running"), kWorks},
       .after_failure = {}},
  };
}

}  // namespace

std::vector<Scenario> scenarios(const Places& places) {
  std::vector<Scenario> all = command_scenarios(places);
  std::vector<Scenario> saving = checkpoint_scenarios(places);
  all.insert(all.end(), std::make_move_iterator(saving.begin()),
             std::make_move_iterator(saving.end()));
  return all;
}

}  // namespace faults
