// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// The state as Kata's runtime in Go gives it to hooks: without a status, and without a version
type state struct {
	Version string `json:"ociVersion,omitempty"`
	ID      string `json:"id"`
	Status  string `json:"status,omitempty"`
	Pid     int    `json:"pid"`
	Bundle  string `json:"bundle"`
}

func runHooks(hooks []specs.Hook, state state) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	for _, hook := range hooks {
		command := exec.Command(hook.Path)
		if len(hook.Args) > 0 {
			command.Args = hook.Args
		}
		command.Env = hook.Env
		command.Stdin = bytes.NewReader(text)
		if words, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("hook %s: %w: %s", hook.Path, err, words)
		}
	}
	return nil
}

// callHooks calls the container's hooks as Kata does on the host, if this is its time. The runtime in Go calls prestart and
// createRuntime hooks; before the disk is opened, but for a pod's containers after that. The runtime in Rust calls createContainer
// hooks before that, whatever becomes of them. It is the one in Rust if there is a file "rust" in notes.
func callHooks(spec *specs.Spec, state state, opened bool) error {
	if spec.Hooks == nil {
		return nil
	}
	if _, err := os.Stat(notes + "/rust"); err == nil {
		if !opened {
			state.Version, state.Status = spec.Version, "creating"
			if err := runHooks(spec.Hooks.CreateContainer, state); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
		return nil
	}
	if opened != (spec.Annotations["io.kubernetes.cri.container-type"] == "container") {
		return nil
	}
	return runHooks(append(spec.Hooks.Prestart, spec.Hooks.CreateRuntime...), state)
}
