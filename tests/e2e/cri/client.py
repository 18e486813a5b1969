"""A client of a CRI server that makes the kubelet's calls; for Debian's own Python, which has Debian's grpc."""
import os
import subprocess
import sys

import grpc

SECONDS = 120
TYPES = {  # of request and response, where they are not METHODRequest and METHODResponse
    "Status": ("Empty", "StatusResponse"),
    "RunPodSandbox": ("RunPodSandboxRequest", "SandboxId"),
    "StopPodSandbox": ("SandboxId", "Empty"),
    "RemovePodSandbox": ("SandboxId", "Empty"),
    "PodSandboxStatus": ("SandboxId", "PodSandboxStatusResponse"),
    "ListPodSandbox": ("Empty", "ListPodSandboxResponse"),
    "CreateContainer": ("CreateContainerRequest", "ContainerId"),
    "StartContainer": ("ContainerId", "Empty"),
    "StopContainer": ("StopContainerRequest", "Empty"),
    "RemoveContainer": ("ContainerId", "Empty"),
    "ListContainers": ("Empty", "ListContainersResponse"),
    "ContainerStatus": ("ContainerId", "ContainerStatusResponse"),
    "ContainerStats": ("ContainerId", "ContainerStatsResponse"),
    "UpdateContainerResources": ("UpdateContainerResourcesRequest", "Empty"),
}


def load_messages(stubs):
    """The messages of cri.proto; `stubs` is a directory for what protoc makes of it."""
    if not os.path.exists(f"{stubs}/cri_pb2.py"):
        here = os.path.dirname(os.path.realpath(__file__))
        subprocess.run(["protoc", f"--proto_path={here}", f"--python_out={stubs}", "cri.proto"], check=True)
    sys.path.insert(0, stubs)
    import cri_pb2

    return cri_pb2


class Client:
    """One connection. Calls raise grpc.RpcError."""

    def __init__(self, socket, stubs):
        self.messages = load_messages(stubs)
        self._channel = grpc.insecure_channel(f"unix://{socket}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._channel.close()

    def request_type(self, method):
        return getattr(self.messages, TYPES.get(method, (f"{method}Request", ""))[0])

    def call(self, method, request, seconds=SECONDS):
        response_type = getattr(self.messages, TYPES.get(method, ("", f"{method}Response"))[1])
        call = self._channel.unary_unary(
            f"/runtime.v1.RuntimeService/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response_type.FromString,
        )
        return call(request, timeout=seconds, wait_for_ready=True)
