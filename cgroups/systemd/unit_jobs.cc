#include "cgroups/systemd/unit_jobs.h"

#include <map>
#include <optional>

namespace myrt::cgroups::systemd {
namespace {

constexpr const char* kSystemd = "org.freedesktop.systemd1";
constexpr const char* kPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr const char* kNoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";
constexpr const char* kUnitExists = "org.freedesktop.systemd1.UnitExists";

Call call_of_manager(std::string member, std::vector<Value> arguments) {
  return {.destination = kSystemd,
          .path = kPath,
          .interface = kManager,
          .member = std::move(member),
          .arguments = std::move(arguments)};
}

// Only the end of jobs of this unit: the daemon sends us nothing else. systemd sends the signal
// for the sake of whoever asked for the job, subscribed or not.
void queue_match(Connection& bus, const std::string& unit) {
  bus.queue({.destination = "org.freedesktop.DBus",
             .path = "/org/freedesktop/DBus",
             .interface = "org.freedesktop.DBus",
             .member = "AddMatch",
             .arguments = {string(fmt::format(
                 "type='signal',sender='{}',path='{}',interface='{}',member='JobRemoved',arg2='{}'",
                 kSystemd, kPath, kManager, unit))},
             .reply = Reply::unwanted});
}

// "org.freedesktop.systemd1.UnitExists: Unit x.scope was already loaded ..."
Error said(const Message& message, const std::string& unit) {
  std::string text = message.error_name;
  if (message.signature.starts_with('s')) {
    const auto arguments = leading_arguments(message, 1);
    if (arguments.ok()) text += ": " + arguments->front();
  }
  Error error = make_error(ErrorCode::system, fmt::format("systemd, unit `{}`: {}", unit, text));
  if (message.error_name == kUnitExists) error.code = ErrorCode::already_exists;
  if (message.error_name == kNoSuchUnit) error.code = ErrorCode::not_found;
  return error;
}

// The answer to a call; signals on the way are passed to `on_signal`.
template <class OnSignal>
Result<Message> wait_for_reply(Connection& bus, std::uint32_t serial, const std::string& unit,
                               OnSignal&& on_signal) {
  while (true) {
    Message message = TRY(bus.receive());
    if (message.type == MessageType::signal) TRY(on_signal(message));
    // Of the calls before it, Hello may be refused.
    if (message.type == MessageType::error) return said(message, unit);
    if (message.type == MessageType::method_return && message.reply_serial == serial) {
      return message;
    }
  }
}

// JobRemoved(u id, o job, s unit, s result)
struct Removed {
  std::string job, result;
};
Result<std::optional<Removed>> removed_job(const Message& message) {
  if (message.type != MessageType::signal || message.member != "JobRemoved") {
    return std::optional<Removed>();
  }
  std::vector<std::string> arguments = TRY(leading_arguments(message, 4));
  return std::optional(Removed{.job = std::move(arguments[1]), .result = std::move(arguments[3])});
}

// Calls, and waits until the job that the answer names is over.
Result<> run_job(Connection& bus, const Call& call, const std::string& unit) {
  queue_match(bus, unit);
  const std::uint32_t serial = bus.queue(call);
  std::map<std::string, std::string> results;  // of jobs that were over before we knew ours
  const auto keep = [&](const Message& message) -> Result<> {
    if (auto removed = TRY(removed_job(message))) {
      results[std::move(removed->job)] = std::move(removed->result);
    }
    return {};
  };
  const Message reply = TRY(wait_for_reply(bus, serial, unit, keep));
  const std::string job = TRY(leading_arguments(reply, 1)).front();
  while (!results.contains(job)) TRY(keep(TRY(bus.receive())));
  if (results[job] == "done") return {};
  return make_error(ErrorCode::system, fmt::format("systemd, unit `{}`: {} ended with `{}`", unit,
                                                   call.member, results[job]));
}

Result<> ignore_signal(const Message&) { return {}; }

std::string doing(std::string_view what, const std::string& unit) {
  return fmt::format("{} unit `{}`", what, unit);
}

}  // namespace

Result<> start_unit(Connection bus, const std::string& unit, const Properties& properties) {
  // "fail" rather than "replace": a start must not cancel the shutdown of the machine.
  const Call call =
      call_of_manager("StartTransientUnit",
                      {string(unit), string("fail"), to_value(properties), array("(sa(sv))", {})});
  return run_job(bus, call, unit).context(doing("start", unit));
}

Result<> stop_unit(Connection bus, const std::string& unit) {
  auto stopped = run_job(bus, call_of_manager("StopUnit", {string(unit), string("replace")}), unit);
  if (!stopped.ok() && stopped.error().code == ErrorCode::not_found) return {};
  return std::move(stopped).context(doing("stop", unit));
}

Result<> set_properties(Connection bus, const std::string& unit, const Properties& properties) {
  const auto change = [&]() -> Result<> {
    const std::uint32_t serial = bus.queue(
        call_of_manager("SetUnitProperties", {string(unit), boolean(true), to_value(properties)}));
    TRY(wait_for_reply(bus, serial, unit, ignore_signal));
    // It answers first and writes the cgroup's files next, before it looks at another message.
    const std::uint32_t ping = bus.queue({.destination = kSystemd,
                                          .path = kPath,
                                          .interface = "org.freedesktop.DBus.Peer",
                                          .member = "Ping",
                                          .arguments = {}});
    TRY(wait_for_reply(bus, ping, unit, ignore_signal));
    return {};
  };
  return change().context(doing("change", unit));
}

Result<std::string> control_group(Connection bus) {
  const std::uint32_t serial = bus.queue({.destination = kSystemd,
                                          .path = kPath,
                                          .interface = "org.freedesktop.DBus.Properties",
                                          .member = "Get",
                                          .arguments = {string(kManager), string("ControlGroup")}});
  const Message reply = TRY(wait_for_reply(bus, serial, "ControlGroup", ignore_signal));
  return TRY(leading_arguments(reply, 1)).front();
}

}  // namespace myrt::cgroups::systemd
