#!/usr/bin/env python3
"""One call of the Kubernetes Container Runtime Interface (CRI), for tests.

Usage: cri.py SOCKET METHOD JSON    prints the interesting field of the answer

The messages are those of runtime.v1 that stand in MESSAGES, encoded here: the machine has gRPC and no generated code.
Exit status: 1 for an error of the runtime, which is printed; for ExecSync the command's.
"""

import json
import sys

import grpc

# Message -> field -> (number, type); a type is str, int, a message's name, or any of these in a list.
MESSAGES = {
    "RunPodSandbox": {"config": (1, "Sandbox"), "runtime_handler": (2, str)},
    "Sandbox": {"metadata": (1, "Metadata"), "hostname": (2, str), "log_directory": (3, str), "linux": (8, "LinuxSandbox")},
    "Metadata": {"name": (1, str), "uid": (2, str), "namespace": (3, str), "attempt": (4, int)},
    "LinuxSandbox": {"cgroup_parent": (1, str), "security_context": (2, "SandboxSecurity")},
    "SandboxSecurity": {"namespace_options": (1, "Namespaces")},
    "Namespaces": {"network": (1, int), "pid": (2, int), "ipc": (3, int)},
    "CreateContainer": {"pod_sandbox_id": (1, str), "config": (2, "Container"), "sandbox_config": (3, "Sandbox")},
    "Container": {"metadata": (1, "ContainerMetadata"), "image": (2, "Image"), "command": (3, [str]), "log_path": (11, str),
                  "linux": (15, "LinuxContainer")},
    "ContainerMetadata": {"name": (1, str), "attempt": (2, int)},
    "Image": {"image": (1, str)},
    "LinuxContainer": {"resources": (1, "Resources"), "security_context": (2, "ContainerSecurity")},
    "ContainerSecurity": {"namespace_options": (3, "Namespaces")},
    "Resources": {"cpu_period": (1, int), "cpu_quota": (2, int), "cpu_shares": (3, int), "memory_limit_in_bytes": (4, int)},
    "StartContainer": {"container_id": (1, str)},
    "ExecSync": {"container_id": (1, str), "cmd": (2, [str]), "timeout": (3, int)},
    "ContainerStatus": {"container_id": (1, str)},
    "UpdateContainerResources": {"container_id": (1, str), "linux": (2, "Resources")},
    "StopContainer": {"container_id": (1, str), "timeout": (2, int)},
    "RemoveContainer": {"container_id": (1, str)},
    "StopPodSandbox": {"pod_sandbox_id": (1, str)},
    "RemovePodSandbox": {"pod_sandbox_id": (1, str)},
    "Version": {},
}


def varint(value: int) -> bytes:
    result = b""
    value &= (1 << 64) - 1
    while value > 127:
        result += bytes([value & 127 | 128])
        value >>= 7
    return result + bytes([value])


def field(number: int, kind: object, value: object) -> bytes:
    if isinstance(kind, list):
        return b"".join(field(number, kind[0], one) for one in value)
    if kind is int:
        return varint(number << 3) + varint(value)
    data = value.encode() if kind is str else encode(kind, value)
    return varint(number << 3 | 2) + varint(len(data)) + data


def encode(message: str, values: dict) -> bytes:
    return b"".join(field(*MESSAGES[message][name], value) for name, value in values.items())


def decode(data: bytes) -> dict:
    """Field number -> bytes or number, the last of each."""
    fields, at = {}, 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = number()
        if key & 7 == 0:
            fields[key >> 3] = number()
        else:
            size = number()
            fields[key >> 3] = data[at:at + size]
            at += size
    return fields


def main() -> int:
    socket, method, values = sys.argv[1:4]
    call = grpc.insecure_channel(f"unix://{socket}").unary_unary(f"/runtime.v1.RuntimeService/{method}")
    try:
        answer = decode(call(encode(method, json.loads(values)), timeout=120))
    except grpc.RpcError as error:
        print(error.details())
        return 1
    if method == "ExecSync":
        sys.stdout.write(answer.get(1, b"").decode() + answer.get(2, b"").decode())
        return answer.get(3, 0)
    if method == "ContainerStatus":
        status = decode(answer[1])
        print(("created", "running", "exited", "unknown")[status.get(3, 0)], status.get(7, 0), status.get(10, b"").decode())
    elif method == "Version":
        print(answer[2].decode())
    elif 1 in answer:
        print(answer[1].decode())
    return 0


sys.exit(main())
