// Creation of a container up to the point where init waits to be started: what `create` and `run`
// share.
#pragma once

#include "oci-spec/spec.h"
#include "runtime/container/blueprint.h"
#include "runtime/container/caller_io.h"
#include "runtime/container/container_state.h"
#include "runtime/container/rdt.h"
#include "runtime/container/state_store.h"
#include "runtime/init/handshake.h"
#include "runtime/myrt.h"
#include "sys/process.h"
#include "sys/result.h"

namespace myrt::container {

// Who starts the container: another process through the start gate, or the caller itself over the
// handshake's channel.
enum class Starter : std::uint8_t { start_command, caller };

// A container whose init waits to be started. Owns all of it: dropping it undoes everything, and
// commit() lets it live.
struct Created {
  oci::Spec spec;
  ContainerState state;
  StateDirectory directory;
  cgroups::Cgroup cgroup;
  RdtGroups rdt_groups;
  init::Channel channel;
  sys::ChildProcess init;
  sys::UniqueFd terminal;  // pty master, when the caller proxies it

  // The container now belongs to its state directory. Returns init, which is still the caller's
  // child.
  sys::ChildProcess commit();
};

// What is known of a container before anything of it is made.
ContainerState planned_state(const Context& context, const Blueprint& blueprint,
                             const CreateOptions& options);
// Adds init's pid and start time. Errors: protocol when it is gone.
Result<> identify(const sys::ChildProcess& init, ContainerState& state);
// The same, and saves.
Result<> write_down(const sys::ChildProcess& init, ContainerState& state,
                    StateDirectory& directory);
// The prestart and createRuntime hooks.
Result<> run_runtime_hooks(const oci::Hooks& hooks, const oci::State& state);

// Errors leave nothing behind; after a failed hook the poststop hooks have run (HOK-16).
Result<Created> create_container(const Context& context, const CreateOptions& options,
                                 Starter starter, Attachment attachment);

}  // namespace myrt::container
