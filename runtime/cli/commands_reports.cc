#include <unistd.h>

#include <algorithm>

#include "runtime/cli/commands.h"
#include "runtime/cli/report_text.h"

namespace myrt::cli {
namespace {

Colour colour_of(const Streams& streams) {
  return ::isatty(streams.output) == 1 && wants_colour() ? Colour::on : Colour::off;
}

bool is_blocking(const oci::Remark& remark) { return remark.severity != oci::Severity::warning; }

}  // namespace

Result<int> validate_command(const Invocation& invocation) {
  const CommandLine& line = invocation.line;
  ValidateOptions options;
  if (!line.arguments.empty()) options.path = line.arguments[0];
  if (line.options.on("spec-only")) options.host = Switch::off;
  const Validation validation = TRY(validate(invocation.context, options));
  TRY(print(invocation.streams, line.options.on("json")
                                    ? to_json(validation) + "\n"
                                    : validation_text(validation, colour_of(invocation.streams))));
  const auto& remarks = validation.remarks;
  return std::any_of(remarks.begin(), remarks.end(), is_blocking) ? 1 : 0;
}

Result<int> effective_command(const Invocation& invocation) {
  const CommandLine& line = invocation.line;
  Effective found = TRY(effective(invocation.context, std::string(line.arguments[0])));
  const auto differs = [](const EffectiveField& field) { return field.match == Match::differs; };
  const bool any = std::any_of(found.fields.begin(), found.fields.end(), differs);
  const bool diff = line.options.on("diff");
  if (line.options.on("json")) {
    if (diff) std::erase_if(found.fields, [&](const auto& field) { return !differs(field); });
    TRY(print(invocation.streams, to_json(found) + "\n"));
  } else {
    TRY(print(invocation.streams, effective_text(found, diff ? Fields::differing : Fields::all,
                                                 colour_of(invocation.streams))));
  }
  return any ? 1 : 0;
}

Result<int> metrics_command(const Invocation& invocation) {
  const CommandLine& line = invocation.line;
  MetricsOptions options;
  options.ids.assign(line.arguments.begin(), line.arguments.end());
  if (line.options.on("all")) options.all = Switch::on;
  const std::string_view format = line.options.text("format", "prometheus");
  if (format == "openmetrics") {
    options.format = MetricsFormat::openmetrics;
  } else if (format != "prometheus") {
    return make_error(
        ErrorCode::invalid_argument,
        fmt::format("invalid format `{}`: expected prometheus or openmetrics", format));
  }
  TRY(print(invocation.streams, TRY(metrics(invocation.context, options))));
  return 0;
}

Result<int> gc_command(const Invocation& invocation) {
  const OptionValues& given = invocation.line.options;
  GcOptions options;
  if (given.on("dry-run")) options.dry_run = Switch::on;
  if (given.on("stopped")) options.stopped = Switch::on;
  const auto reclaimed = TRY(gc(invocation.context, options));
  TRY(print(invocation.streams,
            given.on("json") ? to_json(reclaimed) + "\n" : gc_text(reclaimed, options.dry_run)));
  const auto stayed = std::find_if(reclaimed.begin(), reclaimed.end(),
                                   [](const Reclaimed& entry) { return entry.error.has_value(); });
  if (stayed == reclaimed.end()) return 0;
  return Result<int>(*stayed->error).context(fmt::format("gc: container `{}`", stayed->id));
}

Result<int> doctor_command(const Invocation& invocation) {
  const DoctorOptions options{
      .search_path = std::string(search_path()),
      .xdg_runtime_dir = std::string(invocation.environment.xdg_runtime_dir)};
  const auto diagnoses = TRY(doctor(invocation.context, options));
  TRY(print(invocation.streams, invocation.line.options.on("json")
                                    ? to_json(diagnoses) + "\n"
                                    : doctor_text(diagnoses, colour_of(invocation.streams))));
  const bool failed = std::any_of(diagnoses.begin(), diagnoses.end(), [](const auto& diagnosis) {
    return diagnosis.verdict == Verdict::failure;
  });
  return failed ? 1 : 0;
}

}  // namespace myrt::cli
