"""MNISTNet as one writes it in PyTorch: what the peers here train."""
import torch.nn as nn
import torch.nn.functional as F


class MnistNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.fc1, self.fc2 = nn.Linear(1600, 50), nn.Linear(50, 10)
        self.dropout2d, self.dropout = nn.Dropout2d(), nn.Dropout()

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.dropout2d(self.conv2(x)), 2))
        return self.fc2(self.dropout(F.relu(self.fc1(x.flatten(1)))))
