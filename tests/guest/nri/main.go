// SPDX-License-Identifier: Apache-2.0

// A small NRI plugin, connected to an engine from the outside: it adds the hook of one hooks.d file to every container,
// at the stages that the file names. Of the file's conditions it knows "always" only.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/containerd/nri/pkg/api"
	"github.com/containerd/nri/pkg/stub"
)

const usage = "usage: nri SOCKET HOOKS.json\n"

type hooksFile struct {
	Hook   api.Hook `json:"hook"`
	Stages []string `json:"stages"`
	When   struct {
		Always bool `json:"always"`
	} `json:"when"`
}

type plugin struct {
	hooks *api.Hooks
}

func (p *plugin) CreateContainer(_ context.Context, _ *api.PodSandbox, _ *api.Container) (
	*api.ContainerAdjustment, []*api.ContainerUpdate, error) {
	adjustment := &api.ContainerAdjustment{}
	adjustment.AddHooks(p.hooks)
	return adjustment, nil, nil
}

// byStage gives NRI's form of the file: one list of hooks a stage.
func byStage(file *hooksFile) (*api.Hooks, error) {
	hooks, list := &api.Hooks{}, []*api.Hook{&file.Hook}
	if !file.When.Always {
		return nil, fmt.Errorf("not for all containers")
	}
	for _, stage := range file.Stages {
		switch stage {
		case "prestart":
			hooks.Prestart = list
		case "createRuntime":
			hooks.CreateRuntime = list
		case "poststart":
			hooks.Poststart = list
		default:
			return nil, fmt.Errorf("stage %q is none of ours", stage)
		}
	}
	return hooks, nil
}

func run(socket, path string) error {
	var file hooksFile
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err = json.Unmarshal(text, &file); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	p := &plugin{}
	if p.hooks, err = byStage(&file); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	s, err := stub.New(p, stub.WithPluginName("hooks"), stub.WithPluginIdx("10"), stub.WithSocketPath(socket))
	if err != nil {
		return err
	}
	return s.Run(context.Background())
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "nri:", err)
		os.Exit(1)
	}
}
