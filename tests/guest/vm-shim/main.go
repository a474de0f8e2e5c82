// SPDX-License-Identifier: Apache-2.0

// A containerd shim of protocol version 2 that does to the host and to containerd what Kata's does, but starts no virtual
// machine: it takes the rootfs from the task's Create request, never mounts it in the host's mount namespace, opens the block
// device and keeps it open for as long as the task lives. The container's process runs in namespaces of its own (guest.go)
// where the device is mounted. A pod's containers share the shim of its sandbox. Standard input, terminals, resources and
// events are left out.
//
// In notes (below) it leaves, for each container ID, "ID": the device's length in bytes at Create. If there is a file
// "ID.forge", its contents are written to the start of the device after the workload has ended, as a hostile guest may.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	task "github.com/containerd/containerd/api/runtime/task/v2"
	"github.com/opencontainers/runtime-spec/specs-go"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const (
	notes   = "/run/vm-shim"
	logFile = "/run/vm-shim.log"
	// The guest's process, for `delete` after the shim's death; in the bundle
	pidFile = "guest.pid"
)

var (
	debug     = flag.Bool("debug", false, "accepted, without effect")
	version   = flag.Bool("v", false, "print the version and exit")
	info      = flag.Bool("info", false, "print what containerd asks of a runtime and exit")
	namespace = flag.String("namespace", "", "containerd's namespace")
	id        = flag.String("id", "", "the container")
	bundle    = flag.String("bundle", "", "the bundle, if it is not the working directory")
	address   = flag.String("address", "", "containerd's socket")
	_         = flag.String("publish-binary", "", "accepted, without effect")
)

func readSpec(bundle string) (*specs.Spec, error) {
	var spec specs.Spec
	text, err := os.ReadFile(filepath.Join(bundle, "config.json"))
	if err == nil {
		err = json.Unmarshal(text, &spec)
	}
	return &spec, err
}

// listen returns the socket of the pod or single container, nil if a shim serves it already, and its path.
func listen() (*net.UnixListener, string, error) {
	spec, err := readSpec(".")
	if err != nil {
		return nil, "", err
	}
	group := *id
	if sandbox, ok := spec.Annotations["io.kubernetes.cri.sandbox-id"]; ok {
		group = sandbox
	}
	path := fmt.Sprintf("/run/containerd/s/%x", sha256.Sum256([]byte(filepath.Join(*address, *namespace, group))))
	if err = os.MkdirAll(filepath.Dir(path), 0700); err != nil {
		return nil, "", err
	}
	if connection, err := net.Dial("unix", path); err == nil {
		connection.Close()
		return nil, path, nil
	}
	// What a shim left that was killed
	if err = os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, "", err
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, "", err
	}
	listener.SetUnlinkOnClose(false)
	return listener, path, nil
}

// start prints the address of the shim, a process that it starts if there is none.
func start() error {
	listener, path, err := listen()
	if err != nil {
		return err
	}
	if listener != nil {
		socket, err := listener.File()
		if err != nil {
			return err
		}
		words, err := os.OpenFile(logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0600)
		if err != nil {
			return err
		}
		// By this name, as Kata does: after an exec by somebody else it must be this program still.
		shim := exec.Command("/proc/self/exe", "-namespace", *namespace, "-id", *id, "-address", *address)
		shim.ExtraFiles = []*os.File{socket}
		shim.Stderr = words
		shim.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err = shim.Start(); err != nil {
			return err
		}
	}
	_, err = fmt.Print("unix://", path)
	return err
}

// remove is `delete`: the end of a container whose shim is gone.
func remove() error {
	var pid int
	if text, err := os.ReadFile(filepath.Join(*bundle, pidFile)); err == nil {
		fmt.Sscan(string(text), &pid)
	}
	if pid > 1 {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	// The time is fixed: two calls give the same bytes.
	answer, err := proto.Marshal(&task.DeleteResponse{
		Pid: uint32(pid), ExitStatus: 128 + uint32(syscall.SIGKILL), ExitedAt: &timestamppb.Timestamp{Seconds: 1},
	})
	if err == nil {
		_, err = os.Stdout.Write(answer)
	}
	return err
}

// printInfo answers `-info` with a RuntimeInfo: the name, and the options from standard input, as they came.
func printInfo() error {
	options, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	answer := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "io.containerd.stub.v2")
	if len(options) > 0 {
		answer = protowire.AppendBytes(protowire.AppendTag(answer, 3, protowire.BytesType), options)
	}
	_, err = os.Stdout.Write(answer)
	return err
}

func run() error {
	if len(os.Args) == 2 && os.Args[1] == guestVerb {
		return guest()
	}
	flag.Parse()
	if *version {
		_, err := fmt.Printf("%s: a stand-in for Kata\n", os.Args[0])
		return err
	}
	if *info {
		return printInfo()
	}
	if *namespace == "" || *id == "" {
		return errors.New("needs -namespace and -id")
	}
	switch flag.Arg(0) {
	case "start":
		return start()
	case "delete":
		return remove()
	}
	return serve()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "stub:", err)
		os.Exit(1)
	}
}
