#include "runtime/cli/application.h"

#include <csignal>

#include "runtime/cli/help.h"
#include "runtime/cli/log.h"
#include "runtime/cli/settings.h"
#include "runtime/cli/values.h"
#include "sys/out_of_memory.h"

namespace myrt::cli {
namespace {

using Show = UsageError::Show;

int report(const Log& log, const Error& error, int exit_status) {
  // The reader of standard error or of a log pipe may be gone, and the exit status still counts.
  std::signal(SIGPIPE, SIG_IGN);
  log.fail(error);
  return exit_status;
}

// The settings of a log that can be had whatever else is wrong with the command line.
Log log_for_errors(const CommandLine& line, const Streams& streams) {
  auto settings = log_settings(line.globals);
  return Log(settings.ok() ? std::move(settings).value() : LogSettings(), streams.error);
}

std::string help_text(const CommandLine& line, const Personality& personality, Show show) {
  return show == Show::command_help ? command_help(personality.name, *line.command)
                                    : global_help(personality.name);
}

int report_usage(const UsageError& usage, const CommandLine& line, const Personality& personality,
                 const Streams& streams) {
  if (usage.show != Show::nothing) {
    ignore(print(streams, fmt::format("Incorrect Usage: {}\n\n{}", usage.message,
                                      help_text(line, personality, usage.show))),
           "the error itself goes to standard error");
  }
  Error error = make_error(ErrorCode::invalid_argument, usage.message);
  error.phase = Phase::arguments;
  return report(log_for_errors(line, streams), error, usage.exit_status);
}

Result<int> answer(const CommandLine& line, const Personality& personality,
                   const Environment& environment, const Streams& streams) {
  switch (line.request) {
    case Request::global_help:
      TRY(print(streams, help_text(line, personality, Show::global_help)));
      return 0;
    case Request::command_help:
      TRY(print(streams, help_text(line, personality, Show::command_help)));
      return 0;
    case Request::version: {
      const Root root = TRY(state_root(line.globals, personality, environment));
      TRY(print(streams, version_text(personality, version(), root.path)));
      return 0;
    }
    case Request::run:
      break;
  }
  return make_error(ErrorCode::internal, "a request that has no answer");
}

Result<int> run_with(const Log& log, const CommandLine& line, const Personality& personality,
                     const Environment& environment, const Streams& streams, sys::LateClose seal) {
  const Root root =
      TRY(state_root(line.globals, personality, environment).in_phase(Phase::arguments));
  Context context;
  context.seal = std::move(seal);
  context.root = root.path;
  context.cgroup_manager = TRY(cgroup_manager(line.globals).in_phase(Phase::arguments));
  if (context.cgroup_manager == CgroupManager::systemd) context.systemd = systemd(environment);
  context.strictness = line.globals.on("strict") ? Strictness::spec : Strictness::peers;
  context.warn = [&log](std::string_view message) { log.write(LogLevel::warning, message); };
  if (log.settings().level == LogLevel::debug) {
    context.debug = [&log](std::string_view message) { log.write(LogLevel::debug, message); };
    context.debug(fmt::format("{} {}: root `{}`", personality.name, line.command->name, root.path));
  }
  if (line.globals.has("init-timeout")) {
    context.init_bound =
        TRY(parse_duration(line.globals.text("init-timeout")).in_phase(Phase::arguments));
  }
  if (line.globals.has("trace")) {
    context.trace =
        TRY(sys::Trace::open(std::string(line.globals.text("trace"))).in_phase(Phase::output));
    context.trace.enter(line.command->name);
  }
  const CommandId id = line.command->id;
  if (id == CommandId::create || id == CommandId::run || id == CommandId::restore) {
    TRY(make_xdg_root(root).in_phase(Phase::state));
  }
  auto status = run_selected({context, line, environment, personality, streams});
  if (!status.ok() && status.error().phase == Phase::none) {
    // What nobody nearer has named: the caller's mistake, or one about the container as it is.
    const bool argument = status.error().code == ErrorCode::invalid_argument;
    status.error().phase = argument ? Phase::arguments : Phase::state;
  }
  const auto closed = context.trace.close();
  if (!closed.ok()) context.warn(closed.error().message);
  return status;
}

}  // namespace

bool enters_container(const CommandLine& line) {
  if (line.error || line.request != Request::run || line.command == nullptr) return false;
  const CommandId id = line.command->id;
  return id == CommandId::create || id == CommandId::run || id == CommandId::exec;
}

int failure_status(const CommandLine& line) {
  return line.command != nullptr && line.command->id == CommandId::exec ? 255 : 1;
}

int run_application(const CommandLine& line, const Personality& personality,
                    const Environment& environment, const Streams& streams,
                    const Result<>& prepared, sys::LateClose seal) {
  if (line.error) return report_usage(*line.error, line, personality, streams);
  if (line.request != Request::run) {
    const auto answered = answer(line, personality, environment, streams);
    return answered.ok() ? *answered : report(log_for_errors(line, streams), answered.error(), 1);
  }
  auto settings = log_settings(line.globals);
  if (!settings.ok()) return report(log_for_errors(line, streams), settings.error(), 1);
  const Log log(std::move(settings).value(), streams.error);
  const auto status = sys::or_out_of_memory([&]() -> Result<int> {
    TRY(Result<>(prepared));
    return run_with(log, line, personality, environment, streams, std::move(seal));
  });
  return status.ok() ? *status : report(log, status.error(), failure_status(line));
}

}  // namespace myrt::cli
