#include <csignal>

#include "oci-spec/state.h"
#include "runtime/cli/commands.h"
#include "runtime/cli/ps_command.h"
#include "runtime/cli/tables.h"
#include "runtime/cli/values.h"

namespace myrt::cli {
namespace {

enum class Format : std::uint8_t { table, json };

Result<Format> format_of(const OptionValues& options) {
  const std::string_view format = options.text("format", "table");
  if (format == "table") return Format::table;
  if (format == "json") return Format::json;
  return make_error(ErrorCode::invalid_argument,
                    fmt::format("invalid format `{}`: expected table or json", format));
}

std::string id_of(const Invocation& invocation) {
  return std::string(invocation.line.arguments[0]);
}

std::string list_json(const std::vector<ContainerInfo>& containers) {
  std::vector<std::pair<oci::State, oci::StateExtras>> pairs;
  pairs.reserve(containers.size());
  for (const ContainerInfo& container : containers) {
    pairs.emplace_back(container.state, container.extras);
  }
  return oci::to_json_array(pairs) + "\n";
}

}  // namespace

Result<int> state_command(const Invocation& invocation) {
  const ContainerInfo info = TRY(state(invocation.context, id_of(invocation)));
  TRY(print(invocation.streams, oci::to_json_indented(info.state, info.extras)));
  return 0;
}

Result<int> list_command(const Invocation& invocation) {
  const Format format = TRY(format_of(invocation.line.options));
  if (invocation.line.options.on("quiet")) {
    std::string text;
    for (const std::string& id : TRY(list_ids(invocation.context))) text += id + "\n";
    TRY(print(invocation.streams, text));
    return 0;
  }
  const auto containers = TRY(list(invocation.context));
  TRY(print(invocation.streams,
            format == Format::json ? list_json(containers) : list_table(containers)));
  return 0;
}

Result<int> ps_command(const Invocation& invocation) {
  const Format format = TRY(format_of(invocation.line.options));
  const std::span<const std::string_view> ps_arguments =
      std::span(invocation.line.arguments).subspan(1);
  if (format == Format::json && !ps_arguments.empty()) {
    return make_error(ErrorCode::invalid_argument,
                      fmt::format("`{}`: options of ps(1) need --format table", ps_arguments[0]));
  }
  const auto pids = TRY(ps(invocation.context, id_of(invocation)));
  if (format == Format::json) {
    TRY(print(invocation.streams, pids_json(pids) + "\n"));
  } else {
    TRY(print(invocation.streams, TRY(filter_ps_output(TRY(run_ps(ps_arguments)), pids))));
  }
  return 0;
}

Result<int> events_command(const Invocation& invocation) {
  const OptionValues& options = invocation.line.options;
  const auto interval = TRY(parse_duration(options.text("interval", "5s")));
  if (interval.count() <= 0) {
    return make_error(ErrorCode::invalid_argument, "duration interval must be greater than 0");
  }
  if (options.on("stats")) {
    TRY(print(invocation.streams, TRY(stats_event(invocation.context, id_of(invocation))) + "\n"));
    return 0;
  }
  // A caller may have made us ignore SIGPIPE, and a stream that nobody reads would never end.
  std::signal(SIGPIPE, SIG_DFL);
  TRY(events(invocation.context, id_of(invocation), interval, [&](std::string_view event) {
    ignore(print(invocation.streams, fmt::format("{}\n", event)),
           "a reader that is gone ends the process by SIGPIPE");
  }));
  return 0;
}

}  // namespace myrt::cli
