#include "runtime/cli/commands.h"

#include "sys/files.h"

namespace myrt::cli {

Result<int> run_selected(const Invocation& invocation) {
  switch (invocation.line.command->id) {
    case CommandId::create:
      return create_command(invocation);
    case CommandId::start:
      return start_command(invocation);
    case CommandId::run:
      return run_command(invocation);
    case CommandId::state:
      return state_command(invocation);
    case CommandId::kill:
      return kill_command(invocation);
    case CommandId::remove:
      return delete_command(invocation);
    case CommandId::exec:
      return exec_command(invocation);
    case CommandId::list:
      return list_command(invocation);
    case CommandId::ps:
      return ps_command(invocation);
    case CommandId::pause:
      return pause_command(invocation);
    case CommandId::resume:
      return resume_command(invocation);
    case CommandId::update:
      return update_command(invocation);
    case CommandId::spec:
      return spec_command(invocation);
    case CommandId::features:
      return features_command(invocation);
    case CommandId::events:
      return events_command(invocation);
    case CommandId::mounts:
      return mounts_command(invocation);
    case CommandId::validate:
      return validate_command(invocation);
    case CommandId::effective:
      return effective_command(invocation);
    case CommandId::doctor:
      return doctor_command(invocation);
    case CommandId::metrics:
      return metrics_command(invocation);
    case CommandId::gc:
      return gc_command(invocation);
    case CommandId::checkpoint:
      return checkpoint_command(invocation);
    case CommandId::restore:
      return restore_command(invocation);
    case CommandId::help:
      break;  // the parser has refused or answered these
  }
  return make_error(ErrorCode::internal,
                    fmt::format("`{}` cannot be run", invocation.line.command->name));
}

Result<> print(const Streams& streams, std::string_view text) {
  return sys::write_all(streams.output, text, "standard output").in_phase(Phase::output);
}

}  // namespace myrt::cli
