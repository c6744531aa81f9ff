"""Where training starts: the projection whitened, then both classifiers on frozen features."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from batch_jobs.train.batches import BatchShape, epoch_batches
from batch_jobs.train.losses import Losses, TrainingNetwork
from batch_jobs.train.measures import root_numbers
from batch_jobs.train.options import Resolved
from batch_jobs.train.photos import PhotoSet
from batch_jobs.train.schedule import WEIGHT_DECAY, rate_factor
from batch_jobs.train.split import Split
from batch_jobs.train.validation import Entry, History, Validation
from model_export.network import Spectrum, set_categories, spectrum_of, whiten

# Weak ones leave the backbone's own cosine, which knows categories; strong ones tell items apart.
SHRINKAGES = (0.05, 0.5, 5.0)


@dataclass
class Start:
    """Chooses the start on validation, out of the backbone's features of all photos, (n, f)."""

    model: TrainingNetwork
    features: Tensor
    photos: PhotoSet
    split: Split
    validation: Validation
    options: Resolved
    losses: Losses

    def whitened(self, history: History) -> None:
        """Leaves the model with the best of the shrinkages."""
        found = []
        train = torch.from_numpy(self.split.places("train"))
        spectrum = spectrum_of(self.model.network, self.features[train])
        for shrinkage in SHRINKAGES:
            self._whiten(spectrum, shrinkage)
            found.append((self._entry("start", 0), copy.deepcopy(self.model.state_dict())))
        entry, state = max(found, key=lambda one: float(one[0]["score"]))
        self.model.load_state_dict(state)
        history.add(entry)

    def trained_head(self, history: History) -> bool:
        """Trains all but the backbone; whether that is better on validation, else it is undone."""
        before = copy.deepcopy(self.model.state_dict())
        places = self.split.places("train")
        head = [value for name, value in self.model.named_parameters() if "backbone" not in name]
        rate, steps = self.options.learning_rate, self.options.head_steps
        optimizer = torch.optim.AdamW(head, rate, weight_decay=WEIGHT_DECAY)
        shape = BatchShape(self.options.batch_size, self.options.photos_per_listing)
        done = 0
        while done < steps:
            for batch in epoch_batches(self.photos, places, shape, self.options.seed + done):
                optimizer.param_groups[0]["lr"] = rate * rate_factor(done / steps)
                some = torch.tensor([place for place, _ in batch], device=self.losses.device)
                outputs = self.model.head(self.features[some.cpu()].to(self.losses.device))
                loss = self.losses(outputs, some)
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
                done += 1
                if done == steps:
                    break
        better = history.add({**self._entry("head", 1), "loss": float(loss.detach())})
        if not better:
            self.model.load_state_dict(before)
        return better

    @torch.no_grad()
    def _whiten(self, spectrum: Spectrum, shrinkage: float) -> None:
        torch.manual_seed(self.options.seed)  # widening is by chance
        train = torch.from_numpy(self.split.places("train"))
        network = self.model.network
        whiten(network, spectrum, shrinkage)
        embedding, _ = network.head(self.features[train].to(self.losses.device))
        labels = torch.from_numpy(self.photos.labels)[train]
        roots = torch.from_numpy(root_numbers(self.photos.categories))
        set_categories(network.categories, embedding, labels)
        set_categories(self.model.roots, embedding, roots[labels])

    @torch.no_grad()
    def _entry(self, phase: str, number: int) -> Entry:
        seen = self.features[torch.from_numpy(self.validation.places)].to(self.losses.device)
        embedding, logits = self.model.network.head(seen)
        entry = self.validation.entry(
            phase, embedding.cpu().numpy(), logits.cpu().numpy().astype(np.float32), number
        )
        return {**entry, "loss": None, "learning_rate": None}
