// The typed protocol between the runtime process and a container's init, and between `start` and
// init.
//
//   runtime process                                            init (after clone3)
//   ---------------                                            -------------------
//   everything that needs only the pid:                        blocked in wait_for_proceed
//   id maps, cgroup, net devices
//   proceed{pid} --------------------------------------------> namespaces, mounts
//   maps the tree's ids  <------------------------------------ id_mapping_needed{step, tree}  (only
//   where a source is inside) id_mapping_done --------------->
//   prestart, createRuntime hooks  <-------------------------- runtime_hooks_needed   (only if
//   there are any) runtime_hooks_done --------------------------------------> createContainer
//   hooks, root, process, security saves the state  <----------------------------------------
//   ready{pty master, if the runtime proxies it} committed  (create: the runtime's part is over)
//   ---------> blocked in StartGate::wait start      (run: no StartGate, the same channel)
//   --------> startContainer hooks, seccomp, execve
//
//   `myrt start` --connects to the StartGate's socket, start--> the same
//                <-- EOF: execve has happened (the socket is close-on-exec)
//
//   At any step init may answer failed{Error} and exit; the Error arrives verbatim. EOF anywhere
//   else means that the peer is dead, and init exits then: an init that the runtime did not commit
//   cannot outlive it.
//
// One SOCK_SEQPACKET packet per message; a message that is not the expected one is an error that
// names both.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sys/result.h"
#include "sys/unique_fd.h"

namespace myrt::init {

// An exec'd process that has inherited the seal (sealed_self.h) says `let_go` when it has closed
// it, and is told to proceed when it has joined the container: see join.cc.
enum class Message : std::uint8_t {
  proceed,
  runtime_hooks_needed,
  runtime_hooks_done,
  ready,
  committed,
  start,
  failed,
  id_mapping_needed,
  id_mapping_done,
  let_go,
};
std::string_view to_string(Message message);

// Error <-> bytes, for the `failed` message; texts are cut at 16 KiB. Decoding checks every length
// (CVE-2021-43784). Pure.
std::string encode_error(const Error& error);
std::optional<Error> decode_error(std::string_view bytes);  // nullopt: malformed

// What init tells the runtime process when it comes to a stop.
struct Ready {
  sys::UniqueFd terminal;  // pty master, only when the runtime process asked to proxy it
  sys::UniqueFd tree;      // id_mapping_needed: the detached mount, and the step it is for
  std::size_t step = 0;
};

// One end of the protocol. Owns its socket.
class Channel {
 public:
  explicit Channel(sys::UniqueFd socket) : socket_(std::move(socket)) {}
  static Result<std::pair<Channel, Channel>> pair();

  int fd() const { return socket_.get(); }
  void close() { socket_.reset(); }
  // Each wait of this end is over after `bound`, with Error{timeout} that names the message; 0:
  // none.
  Result<> bound_waits(std::chrono::milliseconds bound);

  // Runtime process.
  Result<> send_proceed(pid_t host_pid);
  // runtime_hooks_needed, id_mapping_needed or ready
  Result<Message> wait_for_hooks_or_ready(Ready& ready);
  Result<> send_runtime_hooks_done();
  Result<> send_id_mapping_done();
  Result<> wait_for_let_go();
  Result<> send_committed();
  Result<> send_start();
  // True: execve happened (EOF). Errors: what init reported.
  Result<> wait_for_execve();

  // Init.
  Result<pid_t> wait_for_proceed();  // the pid of init as the runtime process sees it
  Result<> request_runtime_hooks();  // sends runtime_hooks_needed, waits for runtime_hooks_done
  Result<> request_id_mapping(std::size_t step, int tree_fd);  // the same for id_mapping_needed
  Result<> send_ready(int terminal_fd);                        // -1: none
  Result<> send_let_go();
  Result<> wait_for_committed();
  // False at EOF: the peer only looked (a status probe) or died.
  Result<bool> wait_for_start();
  // Best effort: the peer may be gone.
  void send_failed(const Error& error);

 private:
  Result<> send(Message message, std::string_view payload = {}, int fd = -1);
  struct Received {
    Message message;
    std::string payload;
    sys::UniqueFd fd;
  };
  // nullopt at EOF; `failed` is turned into its Error.
  Result<std::optional<Received>> receive(std::string_view waited_for);
  Result<Received> expect(Message wanted);

  sys::UniqueFd socket_;
  std::chrono::milliseconds bound_{0};
};

}  // namespace myrt::init
