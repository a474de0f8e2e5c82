// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	task "github.com/containerd/containerd/api/runtime/task/v2"
	"github.com/containerd/containerd/api/types"
	tasktypes "github.com/containerd/containerd/api/types/task"
	"github.com/containerd/ttrpc"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// process is the container's first, or one of Exec's.
type process struct {
	command        *exec.Cmd
	stdout, stderr string
	started        bool
	exited         chan struct{}
	// These are set when exited is closed.
	exitStatus uint32
	exitedAt   *timestamppb.Timestamp
}

type container struct {
	process
	bundle string
	// nil where the rootfs is no block device
	disk  *os.File
	guest *net.UnixConn
	execs map[string]*process
}

type service struct {
	mutex      sync.Mutex
	containers map[string]*container
	over       chan struct{}
}

var nothing = &emptypb.Empty{}

func self() uint32 {
	return uint32(os.Getpid())
}

// serve answers on the socket that is descriptor 3, until it is told to shut down.
func serve() error {
	listener, err := net.FileListener(os.NewFile(3, "socket"))
	if err != nil {
		return err
	}
	unix.CloseOnExec(3)
	path := listener.Addr().String()
	server, err := ttrpc.NewServer()
	if err != nil {
		return err
	}
	service := &service{containers: make(map[string]*container), over: make(chan struct{})}
	task.RegisterTaskService(server, service)
	go server.Serve(context.Background(), listener)
	<-service.over
	// The answer to Shutdown is on its way still.
	err = server.Shutdown(context.Background())
	os.Remove(path)
	return err
}

// find returns a container, and its process of that name.
func (s *service) find(id, execID string) (*container, *process, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	container, ok := s.containers[id]
	if !ok {
		return nil, nil, status.Errorf(codes.NotFound, "no container %s", id)
	}
	if execID == "" {
		return container, &container.process, nil
	}
	process, ok := container.execs[execID]
	if !ok {
		return nil, nil, status.Errorf(codes.NotFound, "no process %s in %s", execID, id)
	}
	return container, process, nil
}

func (p *process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// run starts the command with what it says going to the named pipes.
func (p *process) run() error {
	open := func(path string) (*os.File, error) {
		if path == "" {
			path = os.DevNull
		}
		// Of a pipe this waits for the reader.
		return os.OpenFile(path, os.O_WRONLY, 0)
	}
	stdout, err := open(p.stdout)
	if err != nil {
		return err
	}
	defer stdout.Close()
	stderr, err := open(p.stderr)
	if err != nil {
		return err
	}
	defer stderr.Close()
	p.command.Stdout, p.command.Stderr = stdout, stderr
	if err = p.command.Start(); err != nil {
		return err
	}
	go p.wait()
	return nil
}

func (p *process) wait() {
	p.command.Wait()
	state := p.command.ProcessState.Sys().(syscall.WaitStatus)
	p.exitStatus = uint32(state.ExitStatus())
	if state.Signaled() {
		p.exitStatus = 128 + uint32(state.Signal())
	}
	p.exitedAt = timestamppb.Now()
	close(p.exited)
}

// startGuest has the order carried out up to where the container's process begins.
func (c *container) startGuest(order order) error {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	ours, theirs := os.NewFile(uintptr(ends[0]), "guest"), os.NewFile(uintptr(ends[1]), "shim")
	defer ours.Close()
	connection, err := net.FileConn(ours)
	if err != nil {
		return errors.Join(err, theirs.Close())
	}
	c.guest = connection.(*net.UnixConn)
	c.command = exec.Command("/proc/self/exe", guestVerb)
	c.command.ExtraFiles = []*os.File{theirs}
	c.command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID}
	err = c.run()
	theirs.Close()
	if err != nil {
		return err
	}
	pid := strconv.Itoa(c.command.Process.Pid)
	if err = os.WriteFile(filepath.Join(c.bundle, pidFile), []byte(pid), 0600); err != nil {
		return err
	}
	return c.say(order)
}

// say sends something to the guest and returns what it complains of; that its end is closed is no complaint.
func (c *container) say(what any) error {
	var text string
	if err := json.NewEncoder(c.guest).Encode(what); err != nil {
		return err
	}
	err := json.NewDecoder(c.guest).Decode(&text)
	if err == nil && text != "" {
		err = errors.New("in the guest: " + text)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// openDisk opens the rootfs if it is a block device, as a virtual machine monitor does, and notes its length.
func openDisk(id string, rootfs *types.Mount) (*os.File, error) {
	var about unix.Stat_t
	if err := unix.Stat(rootfs.Source, &about); err != nil {
		return nil, &os.PathError{Op: "stat", Path: rootfs.Source, Err: err}
	}
	if about.Mode&unix.S_IFMT != unix.S_IFBLK {
		return nil, nil
	}
	disk, err := os.OpenFile(rootfs.Source, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	bytes, err := disk.Seek(0, io.SeekEnd)
	if err == nil {
		err = os.MkdirAll(notes, 0700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(notes, id), []byte(strconv.FormatInt(bytes, 10)+"\n"), 0600)
	}
	if err != nil {
		disk.Close()
		return nil, err
	}
	return disk, nil
}

// closeDisk waits until the guest's mount is gone, which is after the end of its last process, and writes what is to be forged.
func (c *container) closeDisk(id string) error {
	if c.disk == nil {
		return nil
	}
	defer c.disk.Close()
	for {
		exclusive, err := os.OpenFile(c.disk.Name(), os.O_RDONLY|unix.O_EXCL, 0)
		if err == nil {
			exclusive.Close()
			break
		}
		if !errors.Is(err, unix.EBUSY) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	forged, err := os.ReadFile(filepath.Join(notes, id+".forge"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		_, err = c.disk.WriteAt(forged, 0)
	}
	if err == nil {
		err = c.disk.Sync()
	}
	return err
}

func (s *service) Create(_ context.Context, r *task.CreateTaskRequest) (*task.CreateTaskResponse, error) {
	if r.Terminal || len(r.Rootfs) != 1 {
		return nil, status.Errorf(codes.Unimplemented, "terminal %t, %d mounts", r.Terminal, len(r.Rootfs))
	}
	spec, err := readSpec(r.Bundle)
	if err != nil {
		return nil, err
	}
	state := state{ID: r.ID, Pid: os.Getpid(), Bundle: r.Bundle}
	if err = callHooks(spec, state, false); err != nil {
		return nil, err
	}
	created := &container{bundle: r.Bundle, execs: make(map[string]*process)}
	created.process = process{stdout: r.Stdout, stderr: r.Stderr, exited: make(chan struct{})}
	if created.disk, err = openDisk(r.ID, r.Rootfs[0]); err != nil {
		return nil, err
	}
	if err = callHooks(spec, state, true); err != nil {
		return nil, errors.Join(err, created.closeDisk(r.ID))
	}
	err = created.startGuest(order{Rootfs: r.Rootfs[0], Target: filepath.Join(r.Bundle, "rootfs"), Process: spec.Process})
	if err != nil {
		if created.command != nil && created.command.Process != nil {
			created.command.Process.Kill()
			<-created.exited
		}
		return nil, errors.Join(err, created.closeDisk(r.ID))
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.containers[r.ID] = created
	return &task.CreateTaskResponse{Pid: self()}, nil
}

func (s *service) Start(_ context.Context, r *task.StartRequest) (*task.StartResponse, error) {
	container, process, err := s.find(r.ID, r.ExecID)
	if err != nil {
		return nil, err
	}
	if r.ExecID == "" {
		err = container.say("start")
	} else {
		err = process.run()
	}
	if err != nil {
		return nil, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	process.started = true
	// Kata's answer, too, is not the workload's pid but that of a process of the host's.
	return &task.StartResponse{Pid: self()}, nil
}

func (s *service) Exec(_ context.Context, r *task.ExecProcessRequest) (*emptypb.Empty, error) {
	var spec specs.Process
	container, first, err := s.find(r.ID, "")
	if err != nil {
		return nil, err
	}
	if r.Terminal {
		return nil, status.Error(codes.Unimplemented, "terminal")
	}
	if err = json.Unmarshal(r.Spec.Value, &spec); err != nil {
		return nil, err
	}
	args := []string{"-t", strconv.Itoa(first.command.Process.Pid), "-m", "-p", "-r", "-w", "--"}
	added := &process{stdout: r.Stdout, stderr: r.Stderr, exited: make(chan struct{})}
	added.command = exec.Command("/usr/bin/nsenter", append(args, spec.Args...)...)
	added.command.Env = spec.Env
	added.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	container.execs[r.ExecID] = added
	return nothing, nil
}

func (s *service) State(_ context.Context, r *task.StateRequest) (*task.StateResponse, error) {
	container, process, err := s.find(r.ID, r.ExecID)
	if err != nil {
		return nil, err
	}
	answer := &task.StateResponse{ID: r.ID, ExecID: r.ExecID, Bundle: container.bundle, Pid: self(),
		Stdout: process.stdout, Stderr: process.stderr}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	answer.Status = tasktypes.Status_CREATED
	if process.started {
		answer.Status = tasktypes.Status_RUNNING
	}
	if process.hasExited() {
		answer.Status = tasktypes.Status_STOPPED
		answer.ExitStatus, answer.ExitedAt = process.exitStatus, process.exitedAt
	}
	return answer, nil
}

func (s *service) Kill(_ context.Context, r *task.KillRequest) (*emptypb.Empty, error) {
	_, process, err := s.find(r.ID, r.ExecID)
	if err != nil {
		return nil, err
	}
	if process.hasExited() || process.command.Process == nil {
		return nil, status.Error(codes.NotFound, "process already finished")
	}
	pid := process.command.Process.Pid
	if r.ExecID != "" {
		// nsenter and its child
		pid = -pid
	}
	if err = syscall.Kill(pid, syscall.Signal(r.Signal)); err != nil {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	return nothing, nil
}

func (s *service) Wait(_ context.Context, r *task.WaitRequest) (*task.WaitResponse, error) {
	_, process, err := s.find(r.ID, r.ExecID)
	if err != nil {
		return nil, err
	}
	<-process.exited
	return &task.WaitResponse{ExitStatus: process.exitStatus, ExitedAt: process.exitedAt}, nil
}

func (s *service) Delete(_ context.Context, r *task.DeleteRequest) (*task.DeleteResponse, error) {
	container, process, err := s.find(r.ID, r.ExecID)
	if err != nil {
		return nil, err
	}
	if r.ExecID == "" && !process.started {
		process.command.Process.Kill()
		<-process.exited
	}
	if process.started && !process.hasExited() {
		return nil, status.Error(codes.FailedPrecondition, "still running")
	}
	if r.ExecID == "" {
		container.guest.Close()
		os.Remove(filepath.Join(container.bundle, pidFile))
		err = container.closeDisk(r.ID)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if r.ExecID == "" {
		delete(s.containers, r.ID)
	} else {
		delete(container.execs, r.ExecID)
	}
	return &task.DeleteResponse{Pid: self(), ExitStatus: process.exitStatus, ExitedAt: process.exitedAt}, err
}

func (s *service) Pids(_ context.Context, r *task.PidsRequest) (*task.PidsResponse, error) {
	if _, _, err := s.find(r.ID, ""); err != nil {
		return nil, err
	}
	return &task.PidsResponse{Processes: []*tasktypes.ProcessInfo{{Pid: self()}}}, nil
}

func (s *service) Connect(context.Context, *task.ConnectRequest) (*task.ConnectResponse, error) {
	return &task.ConnectResponse{ShimPid: self(), TaskPid: self()}, nil
}

func (s *service) Shutdown(context.Context, *task.ShutdownRequest) (*emptypb.Empty, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.containers) == 0 {
		select {
		case <-s.over:
		default:
			close(s.over)
		}
	}
	return nothing, nil
}

func (s *service) CloseIO(context.Context, *task.CloseIORequest) (*emptypb.Empty, error) {
	return nothing, nil
}

func (s *service) Pause(context.Context, *task.PauseRequest) (*emptypb.Empty, error) {
	return nil, unimplemented("pause")
}

func (s *service) Resume(context.Context, *task.ResumeRequest) (*emptypb.Empty, error) {
	return nil, unimplemented("resume")
}

func (s *service) Checkpoint(context.Context, *task.CheckpointTaskRequest) (*emptypb.Empty, error) {
	return nil, unimplemented("checkpoint")
}

func (s *service) ResizePty(context.Context, *task.ResizePtyRequest) (*emptypb.Empty, error) {
	return nil, unimplemented("resize a terminal")
}

func (s *service) Update(context.Context, *task.UpdateTaskRequest) (*emptypb.Empty, error) {
	return nil, unimplemented("update")
}

func (s *service) Stats(context.Context, *task.StatsRequest) (*task.StatsResponse, error) {
	return nil, unimplemented("stats")
}

func unimplemented(what string) error {
	return status.Error(codes.Unimplemented, fmt.Sprintf("the stand-in cannot %s", what))
}
