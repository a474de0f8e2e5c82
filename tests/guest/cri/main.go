// SPDX-License-Identifier: Apache-2.0

// A small client of the Container Runtime Interface: what a kubelet would ask an engine for, from a shell. Pods and
// containers are described by JSON in the words of the CRI's PodSandboxConfig and ContainerConfig.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"
)

const usage = `usage: cri SOCKET COMMAND
  version
  pod POD.json HANDLER              run a sandbox; prints its id
  create ID CONTAINER.json POD.json create a container in sandbox ID; prints its id
  start ID
  exec ID COMMAND [ARG...]          prints what it writes; its exit status is ours
  stop ID | rm ID                   a container
  stop-pod ID | rm-pod ID
`

// What there is to do with a connection and the words after the command; how many words that must be, at least.
var commands = map[string]struct {
	words int
	run   func(context.Context, runtime.RuntimeServiceClient, []string) error
}{
	"version":  {0, version},
	"pod":      {2, runPod},
	"create":   {3, create},
	"start":    {1, start},
	"exec":     {2, execute},
	"stop":     {1, stop},
	"rm":       {1, remove},
	"stop-pod": {1, stopPod},
	"rm-pod":   {1, removePod},
}

func fromFile(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err = json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func version(ctx context.Context, client runtime.RuntimeServiceClient, _ []string) error {
	answer, err := client.Version(ctx, &runtime.VersionRequest{})
	if err == nil {
		fmt.Println(answer.RuntimeName, answer.RuntimeVersion)
	}
	return err
}

func runPod(ctx context.Context, client runtime.RuntimeServiceClient, words []string) error {
	request := runtime.RunPodSandboxRequest{Config: &runtime.PodSandboxConfig{}, RuntimeHandler: words[1]}
	if err := fromFile(words[0], request.Config); err != nil {
		return err
	}
	answer, err := client.RunPodSandbox(ctx, &request)
	if err == nil {
		fmt.Println(answer.PodSandboxId)
	}
	return err
}

func create(ctx context.Context, client runtime.RuntimeServiceClient, words []string) error {
	request := runtime.CreateContainerRequest{
		PodSandboxId:  words[0],
		Config:        &runtime.ContainerConfig{},
		SandboxConfig: &runtime.PodSandboxConfig{},
	}
	if err := fromFile(words[1], request.Config); err != nil {
		return err
	}
	if err := fromFile(words[2], request.SandboxConfig); err != nil {
		return err
	}
	answer, err := client.CreateContainer(ctx, &request)
	if err == nil {
		fmt.Println(answer.ContainerId)
	}
	return err
}

func start(ctx context.Context, client runtime.RuntimeServiceClient, words []string) error {
	_, err := client.StartContainer(ctx, &runtime.StartContainerRequest{ContainerId: words[0]})
	return err
}

func execute(ctx context.Context, client runtime.RuntimeServiceClient, words []string) error {
	answer, err := client.ExecSync(ctx, &runtime.ExecSyncRequest{ContainerId: words[0], Cmd: words[1:], Timeout: 300})
	if err != nil {
		return err
	}
	os.Stdout.Write(answer.Stdout)
	os.Stderr.Write(answer.Stderr)
	if answer.ExitCode != 0 {
		os.Exit(int(answer.ExitCode))
	}
	return nil
}

func stop(ctx context.Context, client runtime.RuntimeServiceClient, words []string) error {
	_, err := client.StopContainer(ctx, &runtime.StopContainerRequest{ContainerId: words[0]})
	return err
}

func remove(ctx context.Context, client runtime.RuntimeServiceClient, words []string) error {
	_, err := client.RemoveContainer(ctx, &runtime.RemoveContainerRequest{ContainerId: words[0]})
	return err
}

func stopPod(ctx context.Context, client runtime.RuntimeServiceClient, words []string) error {
	_, err := client.StopPodSandbox(ctx, &runtime.StopPodSandboxRequest{PodSandboxId: words[0]})
	return err
}

func removePod(ctx context.Context, client runtime.RuntimeServiceClient, words []string) error {
	_, err := client.RemovePodSandbox(ctx, &runtime.RemovePodSandboxRequest{PodSandboxId: words[0]})
	return err
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	command, known := commands[os.Args[2]]
	if !known || len(os.Args) < 3+command.words {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	connection, err := grpc.NewClient("unix://"+os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err == nil {
		err = command.run(ctx, runtime.NewRuntimeServiceClient(connection), os.Args[3:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, status.Convert(err).Message())
		os.Exit(1)
	}
}
