#include "runtime/criu/conversation.h"

#include <optional>

#include "sys/seqpacket.h"

namespace myrt::criu {
namespace {

Result<> handle(const NotificationHandler& handler, Response& response, sys::Packet& packet) {
  if (!handler) return {};
  Notification notification{std::move(response.script), response.notified_pid,
                            std::move(packet.fds)};
  return handler(notification);
}

}  // namespace

Result<Response> converse(int socket, const std::string& request,
                          const NotificationHandler& handler) {
  TRY(sys::send_packet(socket, request).context("ask CRIU"));
  std::optional<Error> refused;
  while (true) {
    auto packet = TRY(sys::receive_packet(socket).context("read from CRIU"));
    if (!packet) {
      if (refused) return std::move(*refused);
      return make_error(ErrorCode::protocol, "CRIU ended without an answer");
    }
    Response response = TRY(decode_response(packet->bytes));
    if (response.type != RequestType::notify || !response.success) {
      if (refused) return std::move(*refused);
      return response;
    }
    auto handled = refused ? Result<>(*refused) : handle(handler, response, *packet);
    TRY(sys::send_packet(socket, encode_notify_answer(handled.ok())).context("answer CRIU"));
    if (!handled.ok() && !refused) refused = std::move(handled).error();
  }
}

}  // namespace myrt::criu
