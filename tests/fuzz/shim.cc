// What containerd sends to its shim: frames, requests, the task service's messages, options,
// mounts. The first letter chooses.
#include <algorithm>
#include <array>

#include "mounts/snapshot.h"
#include "shim/logger.h"
#include "shim/messages.h"
#include "shim/options.h"
#include "shim/ttrpc/frame.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace myrt;
using namespace myrt::shim;

constexpr std::size_t kHeader = 10;

struct Read {
  std::vector<ttrpc::Frame> frames;
  bool broken = false;
};

void take_frames(ttrpc::FrameReader& reader, Read& read) {
  while (!read.broken) {
    auto next = reader.next();
    if (!next.ok()) {
      fuzz::check_error(next.error(), {ErrorCode::protocol});
      read.broken = true;
    } else if (!next.value()) {
      return;
    } else {
      read.frames.push_back(std::move(*next.value()));
    }
  }
}

Read read_in_parts(std::string_view bytes, std::size_t part) {
  Read read;
  ttrpc::FrameReader reader;
  while (!bytes.empty() && !read.broken) {
    reader.append(bytes.substr(0, part));
    bytes.remove_prefix(std::min(bytes.size(), part));
    take_frames(reader, read);
  }
  return read;
}

// However a stream is cut, the same frames come out of it, and no byte twice.
void frames(fuzz::Input input) {
  const std::size_t part = std::max<std::size_t>(input.byte(), 1);
  const Read whole = read_in_parts(input.rest(), input.rest().size());
  const Read parts = read_in_parts(input.rest(), part);
  HOLDS(whole.broken == parts.broken, "broken once");
  HOLDS(whole.frames.size() == parts.frames.size(), "another number of frames");
  std::size_t size = 0;
  for (std::size_t i = 0; i < whole.frames.size(); ++i) {
    HOLDS(whole.frames[i].payload == parts.frames[i].payload, "another payload");
    HOLDS(whole.frames[i].stream == parts.frames[i].stream, "another stream");
    size += kHeader + whole.frames[i].payload.size();
  }
  HOLDS(size <= input.rest().size(), "more than there was");
}

void envelope(fuzz::Input input) {
  if (const auto request = ttrpc::decode_request(input.rest())) {
    const auto again = ttrpc::decode_request(ttrpc::encode_request(*request));
    HOLDS(again && again->service == request->service && again->method == request->method &&
              again->payload == request->payload && again->timeout_ns == request->timeout_ns,
          "a request, written and read back");
  }
  if (const auto response = ttrpc::decode_response(input.rest())) {
    const auto again = ttrpc::decode_response(ttrpc::encode_response(*response));
    HOLDS(again && again->status.code == response->status.code,
          "a response, written and read back");
  }
}

void overlay(const std::vector<std::string>& parameters) {
  const mounts::OverlayData data = mounts::overlay_data(parameters);
  HOLDS(data.base.empty() || data.base.back() == '/', data.base);
}

// What has been read can be said in events.
void task_request(fuzz::Input input) {
  const auto method = static_cast<Method>(input.byte() % (static_cast<int>(Method::shutdown) + 1));
  const auto request = decode_task_request(method, input.rest());
  if (!request) return;
  const Event event = task_create_event(*request, 1);
  HOLDS(event.message.size() >= request->id.size(), "an event without the id");
  for (const Mount& mount : request->rootfs) {
    const auto plan = mounts::plan_snapshot({mount.type, mount.source, mount.options});
    if (!plan.ok()) {
      fuzz::check_error(plan.error(), {ErrorCode::unsupported, ErrorCode::invalid_config});
      continue;
    }
    if (const auto* filesystem = std::get_if<mounts::NewFilesystem>(&*plan)) {
      HOLDS(filesystem->fstype == mount.type, filesystem->fstype);
      overlay(filesystem->parameters);
    }
  }
}

void options(fuzz::Input input) {
  const bool toml = input.choice(2) == 0;
  const auto decoded =
      decode_options({toml ? "runtimeoptions.v1.Options" : "containerd.runc.v1.Options",
                      std::string(input.rest())});
  if (!decoded.ok()) fuzz::check_error(decoded.error(), {ErrorCode::invalid_argument});
}

void parameters(fuzz::Input input) {
  const Any any = options_in(input.rest());
  HOLDS(any.type.size() + any.value.size() <= input.rest().size(), "longer than the input");
  HOLDS(options_file(any).size() <= any.value.size(), "a file from nowhere");
}

void words(fuzz::Input input) {
  const LoggerCommand command = parse_logger(input.rest());
  HOLDS(!command.arguments.empty() && command.arguments.front() == command.path, command.path);
  const auto plan =
      mounts::plan_snapshot({"overlay", "overlay", {"lowerdir=" + std::string(input.rest())}});
  if (plan.ok()) overlay(std::get<mounts::NewFilesystem>(*plan).parameters);
}

constexpr std::array kReaders = {frames, envelope, task_request, options, parameters, words};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  myrt::fuzz::Input input(data, size);
  kReaders.at(input.choice(kReaders.size()))(input);
  return 0;
}
