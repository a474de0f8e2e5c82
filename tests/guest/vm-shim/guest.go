// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/containerd/containerd/api/types"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// This program, started with this word in mount and pid namespaces of its own, stands for the virtual machine.
const guestVerb = "guest"

// What the shim sends to it, as JSON
type order struct {
	Rootfs  *types.Mount
	Target  string
	Process *specs.Process
}

// mountAt mounts as the agent in the machine would: Source is a block device, or a directory where Options say so.
func mountAt(rootfs *types.Mount, target string) error {
	var data []string
	var flags uintptr
	for _, option := range rootfs.Options {
		switch option {
		case "ro":
			flags |= unix.MS_RDONLY
		case "bind":
			flags |= unix.MS_BIND
		case "rbind":
			flags |= unix.MS_BIND | unix.MS_REC
		case "rw", "loop":
		default:
			data = append(data, option)
		}
	}
	return unix.Mount(rootfs.Source, target, rootfs.Type, flags, strings.Join(data, ","))
}

func mountAll(order *order) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := mountAt(order.Rootfs, order.Target); err != nil {
		return &os.PathError{Op: "mount", Path: order.Rootfs.Source, Err: err}
	}
	if err := unix.Mount("proc", filepath.Join(order.Target, "proc"), "proc", 0, ""); err != nil {
		return err
	}
	return unix.Mount("/dev", filepath.Join(order.Target, "dev"), "", unix.MS_BIND, "")
}

// become leaves the host's mounts behind, for each of them would keep its device open, and becomes the container's process.
func become(order *order) error {
	if err := unix.Chdir(order.Target); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return &os.PathError{Op: "pivot_root", Path: order.Target, Err: err}
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return err
	}
	if err := unix.Chdir(order.Process.Cwd); err != nil {
		return err
	}
	for _, variable := range order.Process.Env {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			os.Setenv("PATH", value)
		}
	}
	path, err := exec.LookPath(order.Process.Args[0])
	if err != nil {
		return err
	}
	return unix.Exec(path, order.Process.Args, order.Process.Env)
}

// guest talks with the shim on descriptor 3: an order comes, it answers with an error's text, or none; when the next word comes
// it becomes the container's process, and the descriptor ends without a further answer, or with an error's text.
func guest() error {
	var order order
	var text string
	unix.CloseOnExec(3)
	shim := os.NewFile(3, "shim")
	in, out := json.NewDecoder(shim), json.NewEncoder(shim)
	if err := in.Decode(&order); err != nil {
		return err
	}
	err := mountAll(&order)
	if err != nil {
		text = err.Error()
	}
	if err := errors.Join(err, out.Encode(text), in.Decode(&text)); err != nil {
		return err
	}
	err = become(&order)
	return out.Encode(err.Error())
}
