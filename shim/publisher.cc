#include "shim/publisher.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "protobuf/wire.h"
#include "shim/messages.h"
#include "sys/seqpacket.h"

namespace myrt::shim {
namespace {

constexpr int kAttempts = 5;
constexpr std::chrono::seconds kPause(1);     // containerd may be restarting
constexpr std::chrono::seconds kPatience(5);  // for an answer
// A containerd that does not accept (it is stopped, say) must not stop the loop.
constexpr std::chrono::milliseconds kConnectBound(10);

enum EnvelopeField : unsigned { kTimestamp = 1, kNamespace = 2, kTopic = 3, kEvent = 4 };

std::string envelope(std::string_view name_space, std::string_view topic, std::string_view type,
                     std::string_view event) {
  protobuf::MessageWriter writer;
  writer.bytes(kTimestamp, encode_timestamp(std::chrono::system_clock::now()));
  writer.bytes(kNamespace, name_space);
  writer.bytes(kTopic, topic);
  writer.bytes(kEvent, encode_any({std::string(type), std::string(event)}));
  protobuf::MessageWriter request;
  request.bytes(1, writer.message());
  return request.take();
}

}  // namespace

Publisher::Publisher(Loop& loop, std::string address, std::string name_space,
                     std::function<void(std::string_view)> failed)
    : loop_(loop), name_space_(std::move(name_space)), failed_(std::move(failed)) {
  constexpr std::string_view kScheme = "unix://";
  path_ = address.starts_with(kScheme) ? address.substr(kScheme.size()) : std::move(address);
}

Publisher::~Publisher() = default;

void Publisher::publish(std::string_view topic, std::string_view type, std::string_view event) {
  if (path_.empty()) return;
  ttrpc::Request request{"containerd.services.events.ttrpc.v1.Events", "Forward",
                         envelope(name_space_, topic, type, event),
                         std::chrono::nanoseconds(kPatience).count()};
  queue_.push_back({std::string(topic), ttrpc::encode_request(request)});
  if (!in_flight_) send_next();
}

void Publisher::when_idle(std::function<void()> action) {
  if (queue_.empty()) return action();
  idle_ = std::move(action);
}

Result<> Publisher::connect() {
  if (stream_) return {};
  sys::UniqueFd socket = TRY(sys::connect_unix(path_, kConnectBound));
  const int flags = ::fcntl(socket.get(), F_GETFL);
  if (::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return errno_error("fcntl", "events socket");
  }
  auto stream = std::make_unique<ttrpc::Stream>(loop_, std::move(socket));
  TRY(stream->start([this](const ttrpc::Frame&) { answered(); }, [this] { drop_connection(); }));
  stream_ = std::move(stream);
  stream_id_ = 1;
  return {};
}

void Publisher::send_next() {
  if (queue_.empty()) {
    if (idle_) std::exchange(idle_, nullptr)();
    return;
  }
  in_flight_ = true;
  ++queue_.front().attempts;
  if (!connect().ok()) return try_again();
  stream_->send(stream_id_, ttrpc::FrameType::request, queue_.front().request);
  stream_id_ += 2;
  loop_.after(kPatience, [this, sent = ++sent_] {
    if (in_flight_ && sent == sent_) drop_connection();
  });
}

// Whatever containerd says of the event, it has had it.
void Publisher::answered() {
  if (!in_flight_) return;
  ++sent_;
  in_flight_ = false;
  queue_.pop_front();
  send_next();
}

void Publisher::drop_connection() {
  // Not from within the stream's own call.
  loop_.after(std::chrono::milliseconds(0),
              [old = std::shared_ptr<ttrpc::Stream>(std::move(stream_))] {});
  if (in_flight_) try_again();
}

void Publisher::try_again() {
  ++sent_;
  if (queue_.front().attempts >= kAttempts) {
    failed_(fmt::format("event {} was not taken by containerd", queue_.front().topic));
    queue_.pop_front();
    in_flight_ = false;
    return send_next();
  }
  loop_.after(kPause, [this] { send_next(); });
}

}  // namespace myrt::shim
