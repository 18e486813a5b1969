// Sends a shim's events to containerd (containerd.services.events.ttrpc.v1.Events, Forward): in
// order, one at a time, over a connection that is made anew when it breaks.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "shim/loop.h"
#include "shim/ttrpc/stream.h"

namespace myrt::shim {

class Publisher {
 public:
  // `address` is TTRPC_ADDRESS, a path or unix://PATH; empty: nobody wants events. `failed` is told
  // of an event that was given up after kAttempts.
  Publisher(Loop& loop, std::string address, std::string name_space,
            std::function<void(std::string_view)> failed);
  Publisher(const Publisher&) = delete;
  ~Publisher();

  // `topic` is "/tasks/exit", `type` "containerd.events.TaskExit" and `event` that message.
  void publish(std::string_view topic, std::string_view type, std::string_view event);
  // Calls `action` once, when nothing is left to send: at once, if so.
  void when_idle(std::function<void()> action);

 private:
  struct Event {
    std::string topic, request;
    int attempts = 0;
  };
  void send_next();
  Result<> connect();
  void answered();
  void try_again();
  void drop_connection();

  Loop& loop_;
  std::string path_, name_space_;
  std::function<void(std::string_view)> failed_;
  std::deque<Event> queue_;  // the first is on its way when `in_flight_` says so
  bool in_flight_ = false;
  std::unique_ptr<ttrpc::Stream> stream_;
  std::uint32_t stream_id_ = 1;
  std::uint64_t sent_ = 0;  // counts what was sent, so that a time-out knows which one it is for
  std::function<void()> idle_;
};

}  // namespace myrt::shim
