"""Fits the network: a whitened start, the head on frozen features, then the whole network.

The best is what validation says is best, of the start, the head, and the averaged weights after
each epoch.
"""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from batch_jobs.progress import Progress
from batch_jobs.stage import StageFolder
from batch_jobs.train.batches import BatchShape, epoch_batches, load
from batch_jobs.train.checkpoint import CHECKPOINT, Position, State, load_state
from batch_jobs.train.distributed import Processes
from batch_jobs.train.embed import Embedder
from batch_jobs.train.events import write_events
from batch_jobs.train.interrupt import Interruption, put_off
from batch_jobs.train.losses import Losses, Outputs, TrainingNetwork
from batch_jobs.train.measures import root_numbers
from batch_jobs.train.options import Execution, Resolved
from batch_jobs.train.photos import PhotoSet
from batch_jobs.train.schedule import average_of, optimizer_of, set_rates
from batch_jobs.train.split import Split
from batch_jobs.train.start import Start
from batch_jobs.train.validation import Entry, History, Validation, line
from batch_jobs.train.waiting import Waiting
from model_export.backbones import NO_WEIGHTS
from model_export.export import save_weights
from model_export.network import ExtractorNetwork

BEST = "best.pt"
STEPS_SHOWN = 20  # of an epoch, in TensorBoard


@dataclass
class Fit:
    """One training, and what it needs at every step."""

    network: ExtractorNetwork
    photos: PhotoSet
    split: Split
    options: Resolved
    execution: Execution
    folder: StageFolder
    processes: Processes
    progress: Progress
    features: Tensor | None = None  # the untrained backbone's of all photos, (n, f) float32
    waiting: Waiting = field(default_factory=Waiting)

    def __post_init__(self) -> None:
        torch.manual_seed(self.options.seed)
        device = self.processes.device
        weight = self.options.sibling_weight if self.photos.has_siblings else 0.0
        roots = int(root_numbers(self.photos.categories).max()) + 1
        self.model = TrainingNetwork(self.network, roots).to(device)
        self.model.to(memory_format=torch.channels_last)
        self.losses = Losses(self.photos, weight, device)
        self.validation = Validation.of(self.photos, self.split, weight, self.options.seed)
        self.embedder = Embedder(self.photos, self.processes, self.workers, self.progress)
        self.shape = BatchShape(self.options.batch_size, self.options.photos_per_listing)
        self._saved_at = time.monotonic()

    @property
    def workers(self) -> int:
        if self.execution.workers is not None:
            return self.execution.workers
        cores = torch.get_num_threads()
        return cores if self.processes.device.type == "cuda" else max(1, cores // 2)

    def run(self) -> History:
        """Trains to the last epoch, from the last checkpoint if there is one.

        Afterwards the network has the best weights.
        """
        self.features = self.known_features  # all processes share the work, so all ask for it
        state = self._begun()
        parallel = self._parallel(state.model)
        while state.position.epoch <= self.options.epochs:
            self._epoch(state, parallel)
            self._validate(state)
            state.position = Position(state.position.epoch + 1)
            self._save(state)
        self.processes.wait()
        self.network.load_state_dict(load_state(self.folder.read(BEST)))
        return state.history

    def _begun(self) -> State:
        """From the checkpoint in every process; the main one makes the first."""
        goes_on = self.processes.shared(self.folder.has(CHECKPOINT))
        if self.processes.main and not goes_on:
            history = self._start()
            self._save(self._state(history))
        self.processes.wait()
        state = self._state(History())
        state.resume(self.folder)
        if goes_on:
            epoch, batch = state.position.epoch, state.position.batch
            self._say(f"goes on in epoch {epoch} of {self.options.epochs}, after batch {batch}")
        return state

    @property
    def known_features(self) -> Tensor:
        """`features`, computed once and kept beside the checkpoint."""
        if self.features is None:
            self.features = self.embedder.kept_features(self.network, self.folder)
        return self.features

    def _start(self) -> History:
        history = History()
        start = Start(
            self.model,
            self.known_features,
            self.photos,
            self.split,
            self.validation,
            self.options,
            self.losses,
        )
        start.whitened(history)
        self._keep_best(self.network)
        self._say(f"whitened start: {line(history.epochs[-1])}")
        if self.options.head_steps:
            if start.trained_head(history):
                self._keep_best(self.network)
            self._say(f"head on frozen features: {line(history.epochs[-1])}")
        return history

    def _state(self, history: History) -> State:
        steps = len(self._batches(1)) * self.options.epochs
        return State(
            self.model,
            average_of(self.model, steps),
            optimizer_of(self.model, self.options.learning_rate),
            history,
            Position(),
            self.options.batch_size,
        )

    def _parallel(self, model: nn.Module) -> Callable[[Tensor], Outputs]:
        parallel = self.processes.parallel(model)
        return torch.compile(parallel) if self.options.compiled else parallel

    def _batches(self, epoch: int) -> list[list[tuple[int, int]]]:
        seed = self.options.seed * 100_003 + epoch
        return epoch_batches(self.photos, self.split.places("train"), self.shape, seed)

    def _epoch(self, state: State, parallel: Callable[[Tensor], Outputs]) -> None:
        """The rest of the epoch's steps. A signal is obeyed between two of them."""
        epoch = state.position.epoch
        batches = self._batches(epoch)
        count, left = len(batches), batches[state.position.batch :]
        own = [batch[self._own_part()] for batch in left]
        loader = load(self.photos, own, self.workers, self.processes.device.type == "cuda")
        self._train_mode()
        what = f"train: epoch {epoch} of {self.options.epochs}"
        with put_off() as interruption:
            for pixels, places in self.progress.track(self.waiting.timed(loader), len(left), what):
                position = state.position
                done = (epoch - 1 + position.batch / count) / self.options.epochs
                rate = set_rates(state.optimizer, done)
                # Seeded by the step, so that one that is resumed drops out what it would have.
                torch.manual_seed(hash((self.options.seed, epoch, position.batch)) % 2**62)
                loss = self._step(state, parallel, pixels, places)
                position.loss += loss
                position.batch += 1
                self._note(state, count, loss, rate)
                if self._must_stop(state, interruption):
                    interruption.number = interruption.number or signal.SIGTERM
                    break

    def _own_part(self) -> slice:
        size = self.options.batch_size // self.processes.count
        return slice(self.processes.rank * size, (self.processes.rank + 1) * size)

    def _step(
        self, state: State, parallel: Callable[[Tensor], Outputs], pixels: Tensor, places: Tensor
    ) -> float:
        device = self.processes.device
        with torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
            outputs = parallel(pixels.to(device, non_blocking=True))
        joined = tuple(self.processes.joined(rows.float()) for rows in outputs)
        embedding, logits, root_logits = joined
        loss = self.losses((embedding, logits, root_logits), self._all_places(places))
        state.optimizer.zero_grad()
        torch.autograd.backward(loss)
        state.optimizer.step()
        state.average.update_parameters(state.model)
        return float(loss.detach())

    def _all_places(self, own: Tensor) -> Tensor:
        return torch.cat(self.processes.collected(own)).to(self.processes.device)

    def _note(self, state: State, count: int, loss: float, rate: float) -> None:
        epoch, batch = state.position.epoch, state.position.batch
        if batch % max(1, count // STEPS_SHOWN) == 0:
            step = {"step": (epoch - 1) * count + batch, "loss": loss, "learning_rate": rate}
            state.history.steps.append({**step, "seconds": time.time()})

    def _must_stop(self, state: State, interruption: Interruption) -> bool:
        """Saves when it is time to, and when a signal came to any process."""
        stop = self.processes.any(interruption.asked)
        if stop or time.monotonic() - self._saved_at >= self.execution.checkpoint_s:
            self._save(state)
        return stop

    def _validate(self, state: State) -> None:
        network = state.averaged_network
        embedding, logits = self.embedder.embed(network, self.validation.places)
        position = state.position
        entry: Entry = {
            **self.validation.entry("whole", embedding, logits, len(state.history.epochs)),
            "loss": position.loss / max(1, position.batch),
            "learning_rate": float(state.optimizer.param_groups[-1]["lr"]),
            "seconds": time.time(),
        }
        if state.history.add(entry):
            self._keep_best(network)
        self._say(
            f"epoch {position.epoch} of {self.options.epochs}: loss {entry['loss']:.3f}, "
            f"{line(entry)}; {self.waiting.share:.0%} of the steps' time waiting for photos"
        )

    def _keep_best(self, network: ExtractorNetwork) -> None:
        if self.processes.main:
            self.folder.store.write(self.folder.path(BEST), save_weights(network))

    def _save(self, state: State) -> None:
        if self.processes.main:
            state.save(self.folder)
            write_events(self.folder, state.history.epochs, state.history.steps)
        self._saved_at = time.monotonic()

    def _say(self, text: str) -> None:
        if self.processes.main:
            self.progress.say(f"train: {text}")

    def _train_mode(self) -> None:
        self.model.train()
        if self.options.weights != NO_WEIGHTS:
            # Statistics of ImageNet serve better than those of a few small batches.
            for layer in self.model.modules():
                if isinstance(layer, _BatchNorm):
                    layer.eval()
